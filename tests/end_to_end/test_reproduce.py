"""`superposed reproduce` through the command line."""


def test_list_names_every_figure(superposed):
    done = superposed("reproduce", "--list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert {"polytopes", "phase-one-dim", "dimensionality"} <= {line.split()[0] for line in lines}
    assert all("Elhage et al. 2022" in line for line in lines)


def test_unknown_figures_are_refused_in_one_line(superposed):
    for arguments, word in ((["polytpes"], "did you mean 'polytopes'?"), ([], "--list")):
        done = superposed("reproduce", *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1
        assert word in done.stderr


def test_a_figure_comes_out_with_its_rule_and_a_report(superposed, tmp_path):
    folder = tmp_path / "out"
    done = superposed("reproduce", "polytopes", "--results", folder)
    assert done.returncode == 0, done.stderr
    for word in ("paper:", "ours:    density 1: orthogonal pair", "rule:", "verdict: pass", "1 of 1 figures pass"):
        assert word in done.stdout
    assert done.stdout.rstrip().endswith(f"report: {folder}/report.html")
    assert (folder / "figures/polytopes.svg").is_file()
    assert (folder / "tables/judgements.csv").is_file()
