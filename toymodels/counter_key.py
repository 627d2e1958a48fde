"""A cheap counter-based random generator for training, where samples are drawn once and thrown away.

JAX's threefry costs twenty rounds a word, and on a CPU takes as long as the training it feeds; JAX's `rbg` is no
faster there, and under vmap what one network draws depends on its neighbours. Here word i of a key (k0, k1) is

    mix(mix(i + k0) ^ k1),

`mix` being a bijection of 32-bit words by two multiplications and three shifts (a xor-shift-multiply hash as in
Steele, Lea & Flood 2014), whose every input bit flips every output bit with probability near 1/2. It is an ordinary
elementwise function, so networks trained together draw what each would draw alone.
"""

import jax
import jax.numpy as jnp
from jax.extend.random import define_prng_impl
from jaxtyping import Array, PRNGKeyArray, UInt, UInt32

_STREAM = 0x9E3779B9


def counter_key(key: PRNGKeyArray) -> PRNGKeyArray:
    """A key of the cheap generator, made from a key of any other; `jax.random` takes it like every key.

    It serves many samples for one use. What has to be independent of everything else draws from threefry: derive one
    key by threefry for each step, and hand that on.
    """
    return jax.random.wrap_key_data(jax.random.bits(key, (2,), jnp.uint32), impl=_IMPLEMENTATION)


def _mix(word: UInt32[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    word ^= word >> 16
    word *= jnp.uint32(0x7FEB352D)
    word ^= word >> 15
    word *= jnp.uint32(0x846CA68B)
    return word ^ (word >> 16)


def _words(key: UInt32[Array, "2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    size = 1
    for length in shape:
        size *= length
    if size > 2**32:
        raise ValueError(f"a key gives at most 2^32 words at once, {size} were asked for")
    counter = jax.lax.iota(jnp.uint32, size).reshape(shape)
    return _mix(_mix(counter + key[0]) ^ key[1])


def _random_bits(key: UInt32[Array, "2"], bit_width: int, shape: tuple[int, ...]) -> UInt[Array, "*shape"]:
    if bit_width == 64:
        high, low = (part.astype(jnp.uint64) for part in _words(key, (2, *shape)))
        return (high << 32) | low
    words = _words(key, shape)
    return words if bit_width == 32 else (words >> (32 - bit_width)).astype(jnp.dtype(f"uint{bit_width}"))


def _seed(seed: Array) -> UInt32[Array, "2"]:
    word = jnp.asarray(seed).astype(jnp.uint32)
    return jnp.stack([_mix(word + jnp.uint32(_STREAM)), _mix(word ^ jnp.uint32(0x85EBCA6B))])


def _split(key: UInt32[Array, "2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape 2"]:
    # Another stream than the key's own words, so that a child never equals what its parent draws.
    return _words(_mix(key + jnp.uint32(_STREAM)), (*shape, 2))


def _fold_in(key: UInt32[Array, "2"], data: int) -> UInt32[Array, "2"]:
    word = jnp.asarray(data).astype(jnp.uint32)
    return jnp.stack([_mix(key[0] ^ _mix(word + jnp.uint32(_STREAM))), _mix(key[1] + _mix(word))])


_IMPLEMENTATION = define_prng_impl(
    key_shape=(2,),
    seed=_seed,
    split=_split,
    random_bits=_random_bits,
    fold_in=_fold_in,
    name="superposed_counter",
    tag="ctr",
)
