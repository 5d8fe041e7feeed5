"""Which code runs: a commit inside a checkout of this project, the package's version everywhere else."""

import os
import shutil
import subprocess

import pytest

from standpartner import __version__
from standpartner.support.provenance import code_version

NOT_A_CHECKOUT = f"standpartner {__version__}, not a checkout"


@pytest.fixture
def git():
    command = shutil.which("git")
    if command is None:
        pytest.skip("no git; install one with: apt-get install git")

    def run(folder, *words):
        own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        names = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            [command, *words], cwd=folder, env=own | names, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path, git):
    """A repository with a package in it."""
    package = tmp_path / "standpartner"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "standpartner"\n')
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_a_checkout_has_a_commit_and_a_mark_when_files_differ(repository, git):
    head = git(repository, "rev-parse", "HEAD")
    assert code_version(repository / "standpartner") == head[:12]
    (repository / "standpartner" / "__init__.py").write_text("x = 1\n")
    assert code_version(repository / "standpartner") == head[:12] + "+"


def test_a_repository_around_the_installed_package_says_nothing(repository):
    installed = repository / ".venv" / "lib" / "site-packages" / "standpartner"
    shutil.copytree(repository / "standpartner", installed)
    assert code_version(installed) == NOT_A_CHECKOUT


def test_another_project_that_holds_the_package_says_nothing(repository):
    (repository / "pyproject.toml").write_text('[project]\nname = "thesis"\n')
    assert code_version(repository / "standpartner") == NOT_A_CHECKOUT


def test_a_package_that_the_repository_does_not_hold_says_nothing(repository, git):
    git(repository, "rm", "--quiet", "--cached", "standpartner/__init__.py")
    assert code_version(repository / "standpartner") == NOT_A_CHECKOUT


@pytest.mark.parametrize("missing", ["git", "repository"])
def test_without_git_or_a_repository_it_is_no_checkout(missing, repository, monkeypatch):
    if missing == "git":
        monkeypatch.setenv("PATH", "")
    else:
        shutil.rmtree(repository / ".git")
    assert code_version(repository / "standpartner") == NOT_A_CHECKOUT


def test_the_repository_of_a_hook_is_not_asked(repository, git, monkeypatch, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert code_version(repository / "standpartner") == git(repository, "rev-parse", "--short=12", "HEAD")
