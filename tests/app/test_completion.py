"""What shells complete: commands, options, choices."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tidings.app.cli import run
from tidings.app.commands.table import COMMANDS
from tidings.app.completion import script_of

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_tidings
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = """
source $argv[1]
complete -C (string join -- ' ' $argv[2..]) | string replace -r '\\t.*' ''
"""
# A shell with a terminal, in which the key is pressed. It prints what is offered between two marks.
ZSH = r"""
zmodload zsh/zpty
script=$1; shift
cat > rc.zsh <<END
PROMPT=
fpath=(${script:h} \$fpath)
autoload -Uz compinit
compinit -u -D
bindkey '^I' complete-word
tell () { print -r -- MARK; }
compprefuncs=(tell)
comppostfuncs=(tell exit)
compadd () {
    if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "\$@"
        return
    fi
    typeset -a found
    builtin compadd -A found "\$@"
    print -rl -- \$found
}
print -r -- READY
END
zpty z zsh -f -i
zpty -w z "source rc.zsh"
while zpty -r z line; do
    [[ $line == READY* ]] && break
done
zpty -w -n z "$*"$'\t'
typeset -i marks=0
while ((marks < 2)) && zpty -r z line; do
    if [[ $line == *MARK* ]]; then
        marks+=1
    elif ((marks == 1)); then
        print -r -- ${line%$'\r\n'}
    fi
done
zpty -d z
"""
ASK = {
    "bash": ("bash", "--norc", "-c", BASH, "bash"),
    "zsh": ("zsh", "-f", "-c", ZSH, "zsh"),
    "fish": ("fish", "--no-config", "-c", FISH),
}
SHELLS = [
    "bash",
    pytest.param("zsh", marks=pytest.mark.clients),
    pytest.param("fish", marks=pytest.mark.clients),
]


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def script(shell: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(shell) / "_tidings"  # as zsh looks for it
    path.write_text(script_of(shell))
    return path


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("tidings hist", {"history"}),
        ("tidings re", {"record", "reindex", "restore", "renew"}),
        ("tidings log --si", {"--since"}),
        ("tidings log --un", {"--until"}),
        ("tidings log --output ta", {"table"}),
        ("tidings log --system pup", {"puppet"}),
        ("tidings serve --retention-si", {"--retention-size"}),
        ("tidings token cr", {"create"}),
        ("tidings token create --man", {"--management"}),
        ("tidings completion z", {"zsh"}),
        ("tidings service --lifeline", set()),
        ("tidings doctor --config sett", {"settings.toml"}),
        ("tidings man --out pa", {"pages"}),
    ],
)
def test_a_shell_completes_what_there_is(
    shell: str, words: str, completed: set[str], script: Path, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").touch()
    (tmp_path / "pages").mkdir()
    done = subprocess.run(
        [*ASK[shell], str(script), *words.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb"},
    )
    assert done.stderr == ""
    assert {word.rstrip("/") for word in done.stdout.split()} == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_the_script_of_each_shell(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert all(command.name in printed for command in COMMANDS)
    assert "retention-size" in printed
    assert "lifeline" not in printed


def test_another_shell_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        run(["completion", "tcsh"])
    assert ended.value.code == 2
