"""Files that some program reads as code later, without being told: a value in one of them would be code then.

Whoever writes such a file mostly runs nothing that reads it: a shell that somebody starts tomorrow does, or the next
step's ``make``. So their names are enough. The list is of those that people write from scripts; it is not complete, and
files whose text is settings, such as ``.netrc`` and ``pip.conf``, are not in it.
"""

import re
from collections.abc import Iterable, Iterator

from orchestrator.expressions.shell.names import name

#: How such a file is described.
LATER = "in a file that is read as code later"

_TEXT = """
    .bash_aliases .bash_login .bash_logout .bash_profile .bashrc .cshrc .envrc .kshrc .login .logout .mkshrc .profile
    .shrc .tcshrc .xinitrc .xprofile .xsession .xsessionrc .yashrc .zlogin .zlogout .zprofile .zshenv .zshrc bash.bashrc
    config.fish csh.cshrc csh.login rc.local zshenv zshrc
    .emacs .exrc .gvimrc .nvimrc .screenrc .tmux.conf .vimrc init.el init.lua init.vim
    .curlrc _curlrc .wgetrc wgetrc .gitconfig .forward .procmailrc .gdbinit .lldbinit .Rprofile .irbrc .pryrc .pdbrc
    .psqlrc .sqliterc .pythonrc .pythonrc.py .pythonstartup authorized_keys ld.so.preload sudoers crontab inittab
    BSDmakefile Dockerfile GNUmakefile Jenkinsfile Justfile Makefile Rakefile Vagrantfile justfile makefile
    conftest.py noxfile.py setup.py sitecustomize.py usercustomize.py
"""
_NAMES = frozenset(_TEXT.split())

#: The same by their folders, or by how their names end.
_PATHS = re.compile(
    r"(.*/)?(\.ssh/(config|rc|environment)|\.git/(config|hooks/[^/]+)|\.config/git/config|etc/cron[^/]*/[^/]+"
    r"|spool/cron/.+|profile\.d/[^/]+|sudoers\.d/[^/]+|systemd/.+\.(service|timer)|[^/]+\.pth)",
    re.DOTALL,
)


def read_later(words: Iterable[str]) -> Iterator[str]:
    """The names of the files among these words that some program reads as code later."""
    for word in words:
        if name(word) in _NAMES or _PATHS.fullmatch(word):
            yield name(word)
