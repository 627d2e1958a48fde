"""What each score of the audit is: its range, its chance level, what leaves it unchanged, and where it comes from.

Scores stand as the audit writes them, 1 best: the metric's own sense is in its docstring in `analysis/metrics`.
"""

from typing import NamedTuple


class Definition(NamedTuple):
    """One score in words; invariances are of the estimate's latents or atoms."""

    label: str
    meaning: str
    range: str
    chance: str
    invariances: str
    reference: str


_RELABELLING = "order, sign and scale"
_MATCHED_CHANCE = "high where samples are few; by permutation, for Gaussian codes in closed form"
_COSINE_CHANCE = "high where dimensions are few; simulated or in closed form"

DEFINITIONS: dict[str, Definition] = {
    "mcc": Definition(
        "MCC",
        "mean |Pearson correlation| of latents matched one to one",
        "[0, 1]",
        _MATCHED_CHANCE,
        _RELABELLING,
        "Hyvärinen & Morioka 2016",
    ),
    "mcc_rank": Definition(
        "MCC of ranks",
        "mean |Spearman correlation| of latents matched one to one",
        "[0, 1]",
        _MATCHED_CHANCE,
        "order, and increasing maps of each latent",
        "Hyvärinen & Morioka 2016",
    ),
    "soft_matching": Definition(
        "soft matching",
        "1 - d²/2: mean correlation under the best sharing-out of latents among atoms",
        "[-1, 1]",
        "that of the MCC or below",
        "order, positive scale, shift, equal numbers of copies",
        "Khosla & Williams 2024",
    ),
    "amari": Definition(
        "Amari (1 - index)",
        "how near the matrix of |correlations| is to a scaled permutation; for equal numbers only",
        "[0, 1]",
        "far above 0: .6 to .8",
        _RELABELLING,
        "Amari, Cichocki & Yang 1996",
    ),
    "explained": Definition(
        "1 - NMSE, aligned",
        "share of the codes' energy that is explained after matching and one scale per latent",
        "[0, 1]: the scales are fitted",
        "above 0: the squared cosine of latents with their match",
        f"{_RELABELLING}, as they are aligned",
        "Donoho, Maleki & Montanari 2011 (NMSE)",
    ),
    "support_f1": Definition(
        "support F1, aligned",
        "harmonic mean of the precision and recall of active entries, after alignment",
        "[0, 1]",
        "near the density of the codes",
        f"{_RELABELLING}, as they are aligned",
        "van Rijsbergen 1979",
    ),
    "exact_support": Definition(
        "exact support, aligned",
        "share of samples whose whole support is right, after alignment",
        "[0, 1]",
        "next to 0 unless codes are nearly empty",
        f"{_RELABELLING}, as they are aligned",
        "Wainwright 2009",
    ),
    "matched_cosine": Definition(
        "matched cosine",
        "mean |cosine| of atoms matched one to one",
        "[0, 1]",
        _COSINE_CHANCE,
        f"{_RELABELLING}; a common rotation of both dictionaries",
        "Sharkey, Braun & Millidge 2022",
    ),
    "max_cosine": Definition(
        "mean max cosine",
        "mean |cosine| of each true atom with its nearest one",
        "[0, 1]",
        f"above that of the matched cosine: {_COSINE_CHANCE}",
        f"{_RELABELLING}; a common rotation of both dictionaries",
        "Sharkey, Braun & Millidge 2022",
    ),
    "r2": Definition(
        "R² in-sample",
        "share of variance that the best affine map reads out, on the samples it was fitted to",
        "[0, 1]",
        "atoms / (samples - 1)",
        "every invertible affine map",
        "Wright 1921",
    ),
    "r2_held_out": Definition(
        "R² held-out",
        "share of variance that an affine map reads out on samples it was not fitted to",
        "(-inf, 1]",
        "0 or below",
        "every invertible affine map",
        "Wright 1921",
    ),
    "disentanglement": Definition(
        "DCI disentanglement",
        "how far each atom serves one latent only",
        "[0, 1]",
        ".28 / ln(latents) for Gaussian weights",
        _RELABELLING,
        "Eastwood & Williams 2018",
    ),
    "completeness": Definition(
        "DCI completeness",
        "how far each latent is served by one atom only",
        "[0, 1]",
        ".28 / ln(atoms) for Gaussian weights",
        _RELABELLING,
        "Eastwood & Williams 2018",
    ),
    "informativeness": Definition(
        "DCI informativeness",
        "R² of a ridge regression from the atoms to the latents, on its own samples",
        "[0, 1]",
        "about atoms / samples",
        _RELABELLING,
        "Eastwood & Williams 2018",
    ),
    "cca": Definition(
        "mean CCA",
        "mean canonical correlation",
        "[0, 1]",
        "squares of about latents / (samples - 1)",
        "every invertible affine map",
        "Hotelling 1936",
    ),
    "svcca": Definition(
        "SVCCA",
        "mean canonical correlation of the components that hold 99% of the variance",
        "[0, 1]",
        "squares of about components / (samples - 1)",
        "rotation, shift, one scale",
        "Raghu et al. 2017",
    ),
    "cka": Definition(
        "CKA",
        "overlap of the centred Gram matrices of the samples",
        "[0, 1]",
        "about latents / (samples + latents)",
        "rotation, shift, one scale",
        "Kornblith et al. 2019",
    ),
    "cka_debiased": Definition(
        "CKA, debiased",
        "the same from unbiased estimates of the overlaps",
        "(-inf, 1]",
        "0 on average",
        "rotation, shift, one scale",
        "Song et al. 2012; Kornblith et al. 2019",
    ),
    "rsa": Definition(
        "RSA",
        "rank correlation of the dissimilarities between samples",
        "[-1, 1]",
        "0 on average",
        "order, one scale and shift, scales of single samples",
        "Kriegeskorte, Mur & Bandettini 2008",
    ),
    "procrustes": Definition(
        "Procrustes (1 - d²/2)",
        "overlap of the codes after the best rotation",
        "[0, 1]",
        "of order sqrt(latents / samples)",
        "rotation, shift, one scale",
        "Schönemann 1966",
    ),
    "unsplit": Definition(
        "1 - split rate",
        "share of the latents that are told by one atom and not by several",
        "[0, 1]",
        "no zero point: unrelated atoms tell more together",
        _RELABELLING,
        "Chanin et al. 2024",
    ),
    "unabsorbed": Definition(
        "1 - absorption",
        "share of active entries in which no other atom stands in for the latent's own",
        "[0, 1]",
        "below 1 in few dimensions, where large codes stand in by luck",
        "sign and scale of an atom and, inversely, of its codes",
        "Chanin et al. 2024",
    ),
    "alive": Definition(
        "1 - dead share",
        "share of the atoms that are ever active on these samples",
        "[0, 1]",
        "1 - (1 - density)^samples",
        "order and sign",
        "Aharon, Elad & Bruckstein 2006",
    ),
    "distinct": Definition(
        "1 - duplicates",
        "share of the atoms that have no other with |cosine| of .95 or more",
        "[0, 1]",
        "1 but in a handful of dimensions",
        _RELABELLING,
        "Aharon, Elad & Bruckstein 2006",
    ),
    "stable": Definition(
        "stability",
        "matched cosine of two estimates with the same fault, made apart; sees no truth",
        "[0, 1]",
        _COSINE_CHANCE,
        _RELABELLING,
        "Wu et al. 2016",
    ),
    "intrusion": Definition(
        "intrusion",
        "share of rounds in which the intruder among an atom's top items is found",
        "[0, 1]",
        "1 / (items shown): 1/6",
        "increasing maps of each atom's codes; rotation and scale of the embedding",
        "Chang et al. 2009",
    ),
    "monosemanticity": Definition(
        "monosemanticity",
        "mean cosine of pairs of items, weighted by the atom's codes on both",
        "[-1, 1]",
        "mean cosine of all pairs of items",
        "positive scale and shift of each atom's codes",
        "Pach et al. 2025",
    ),
    "selectivity": Definition(
        "class selectivity",
        "difference of an atom's largest class mean and its mean over the others, over their sum",
        "[0, 1]",
        "above 0, high for sparse atoms and few items; by shuffled labels",
        _RELABELLING,
        "Morcos et al. 2018",
    ),
}
"""Of every score, in the order of pictures and tables."""
