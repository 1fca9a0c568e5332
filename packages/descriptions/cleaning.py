"""From any HTML to HTML that is safe on our pages: bleach's allow-list, then our own filters."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, Final, TypeAlias

from bleach.linkifier import LinkifyFilter
from bleach.sanitizer import Cleaner
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType

from packages.descriptions.weights import HEADINGS, html_is_light, words

Token: TypeAlias = dict[str, Any]
Tokens: TypeAlias = Iterable[Token]

CODE_LIMIT: Final = 10**8  # sum of the squared lengths of coloured blocks; two seconds at worst

ID_PREFIX: Final = "user-content-"
LINK_RELATIONS: Final = "nofollow noopener ugc"
LINK_SCHEMES: Final = ("http://", "https://", "mailto:")


TAGS: Final = words(
    """a abbr aside b blockquote br caption cite code col colgroup dd del details dfn div dl dt em
    figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section
    small span strong sub summary sup table tbody td tfoot th thead tr tt u ul var"""
)
ATTRIBUTES: Final = {
    "*": {"class", "id"},
    "a": {"href", "name", "title"},
    "abbr": {"title"},
    "details": {"open"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"reversed", "start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
} | {tag: {"align"} for tag in words("div p h1 h2 h3 h4 h5 h6")}
ADMONITIONS: Final = words(
    "admonition attention caution danger error hint important note tip warning"
)
CODE_CLASSES: Final = frozenset(filter(None, STANDARD_TYPES.values())) | {"code"}
CLASSES: Final = ADMONITIONS | CODE_CLASSES | {"admonition-title", "line", "line-block"}
LANGUAGES: Final = words(
    """bash c console cpp css diff dockerfile html ini java javascript js json pycon python python3
    py rust sh shell shell-session sql toml ts typescript xml yaml yml"""
)
# The page has its own h1 and its own landmarks.
RENAMED: Final = {f"h{n}": f"h{min(n + 1, 6)}" for n in range(1, 7)} | {"aside": "div"}


def clean(html: str) -> str:
    html = _without_scripts(html)
    if not html_is_light(html):
        raise ValueError("The HTML is too heavy to clean.")
    return _cleaner().clean(html)


def _without_scripts(html: str) -> str:
    """Drop the text of scripts and styles; bleach would keep it, as harmless words."""
    for name in ("script", "style"):
        pieces = re.split(rf"<{name}\b|</{name}\s*>", html, flags=re.IGNORECASE)
        html = "".join(pieces[::2])
    return html


def _cleaner() -> Cleaner:
    return Cleaner(
        tags=TAGS,
        attributes=_is_allowed,
        protocols=frozenset({"http", "https", "mailto"}),
        strip=True,
        strip_comments=True,
        filters=_filters(),
    )


def _filters() -> list[Any]:
    urls = re.compile(r"\bhttps?://[^\s<>\"'`]+")
    return [
        _rename,
        _name_headings,
        _colour_code,
        _keep_known_classes,
        _tame_images,
        partial(LinkifyFilter, url_re=urls, callbacks=[], skip_tags={"code", "pre"}),
        _mark_links,
        _prefix_ids,
        _let_wide_things_scroll,
    ]


_NUMBER = re.compile(r"[0-9]{1,4}")


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "align":
        return value in {"left", "center", "right"} and name in ATTRIBUTES.get(tag, ())
    if name in {"colspan", "height", "rowspan", "start", "width"}:
        return bool(_NUMBER.fullmatch(value)) and name in ATTRIBUTES.get(tag, ())
    return name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ())


def _start(name: str, **attributes: str) -> Token:
    data = {(None, key): value for key, value in attributes.items()}
    return {"type": "StartTag", "name": name, "namespace": None, "data": data}


def _end(name: str) -> Token:
    return {"type": "EndTag", "name": name, "namespace": None, "data": {}}


def _characters(text: str) -> Token:
    return {"type": "Characters", "data": text}


def _attribute(token: Token, name: str) -> str:
    return str(token["data"].get((None, name), ""))


def _text(tokens: Tokens) -> str:
    return "".join(map(_token_text, tokens))


def _token_text(token: Token) -> str:
    """Bleach keeps entities apart from text, so that they come out as they went in."""
    match token["type"]:
        case "Characters" | "SpaceCharacters":
            return str(token["data"])
        case "Entity":
            return {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}.get(token["name"], "")
        case "EmptyTag" if token["name"] == "img":
            return _attribute(token, "alt")
    return ""


def _rest_of_element(tokens: Iterator[Token], name: str) -> list[Token]:
    """Take the tokens up to and including the end tag of an element just begun."""
    taken: list[Token] = []
    depth = 1
    while depth:
        token = next(tokens, _end(name))
        depth += _steps(token, name)
        taken.append(token)
    return taken


def _steps(token: Token, name: str) -> int:
    if token.get("name") != name:
        return 0
    return {"StartTag": 1, "EndTag": -1}.get(token["type"], 0)


def _rename(source: Tokens) -> Iterator[Token]:
    for token in source:
        if token.get("name") in RENAMED and token["type"] != "Entity":
            token["name"] = RENAMED[token["name"]]
        yield token


def _name_headings(source: Tokens) -> Iterator[Token]:
    """Give headings the ids that GitHub gives them, which tables of contents rely on.

    docutils puts a heading's id on the section around it.
    """
    seen: Counter[str] = Counter()
    before = ""
    tokens = iter(source)
    for token in tokens:
        inside: list[Token] = []
        if token["type"] == "StartTag" and token["name"] in HEADINGS and before != "section":
            inside = _rest_of_element(tokens, token["name"])
            token["data"].setdefault((None, "id"), _slug(_text(inside), seen))
        before = token["name"] if token["type"] == "StartTag" else before
        yield from (token, *inside)


def _slug(heading: str, seen: Counter[str]) -> str:
    slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")[:100]
    seen[slug] += 1
    return slug if seen[slug] == 1 else f"{slug}-{seen[slug] - 1}"


def _tame_images(source: Tokens) -> Iterator[Token]:
    for token in source:
        if token["type"] == "EmptyTag" and token["name"] == "img":
            yield _tame_image(token)
        else:
            yield token


def _tame_image(image: Token) -> Token:
    """Load a picture late and without telling its host the page; show its words if it can't be.

    Hosts without TLS could be listened to, and relative addresses were meant for the repository.
    """
    source = _attribute(image, "src")
    name = _attribute(image, "alt").strip() or source.rpartition("/")[2].partition("?")[0]
    if not source.lower().startswith("https://"):
        return _characters(name)
    polite = {"alt": name, "loading": "lazy", "referrerpolicy": "no-referrer"}
    image["data"] |= {(None, key): value for key, value in polite.items()}
    return image


def _mark_links(source: Tokens) -> Iterator[Token]:
    """Tell search engines that links are users' own; unlink what leads nowhere or has no words.

    A relative link was meant for the project's repository, and would lead to a page of ours.
    """
    tokens = iter(source)
    for token in tokens:
        inside: list[Token] = []
        if token["type"] == "StartTag" and token["name"] == "a":
            inside = _rest_of_element(tokens, "a")
            token["data"] = _link_attributes(token, bool(_text(inside).strip()))
        yield from (token, *inside)


def _link_attributes(link: Token, has_words: bool) -> dict[tuple[None, str], str]:
    attributes: dict[tuple[None, str], str] = dict(link["data"])
    target = attributes.pop((None, "href"), "")
    if has_words and target.startswith("#"):
        attributes[None, "href"] = target
    elif has_words and target.lower().startswith(LINK_SCHEMES):
        attributes |= {(None, "href"): target, (None, "rel"): LINK_RELATIONS}
    return attributes


def _prefix_ids(source: Tokens) -> Iterator[Token]:
    """Keep ids apart from those of the page, so that text cannot take over its labels."""
    for token in source:
        if token["type"] in {"StartTag", "EmptyTag"}:
            token["data"] = dict(map(_prefixed, token["data"].items()))
        yield token


def _prefixed(attribute: tuple[tuple[None, str], str]) -> tuple[tuple[None, str], str]:
    (namespace, name), value = attribute
    if name == "href" and value.startswith("#"):
        return (namespace, name), f"#{ID_PREFIX}{value[1:]}"
    if name in {"id", "name"}:
        return (namespace, "id"), f"{ID_PREFIX}{value}"
    return attribute


def _colour_code(source: Tokens) -> Iterator[Token]:
    """Colour code that names its language, the first blocks of much code only.

    Lexers are quadratic on hostile input, hence the limit on the sum of squares.
    """
    spent = 0
    tokens = iter(source)
    for token in tokens:
        inside: list[Token] = []
        if token["type"] == "StartTag" and token["name"] == "pre":
            inside = _rest_of_element(tokens, "pre")
            lexer, code = _lexer([token, *inside]), _text(inside)
            if lexer and spent + len(code) ** 2 <= CODE_LIMIT:
                spent += len(code) ** 2
                inside = _coloured(lexer, code)
        yield from (token, *inside)


def _coloured(lexer: Lexer, code: str) -> list[Token]:
    tokens = chain.from_iterable(_coloured_word(*word) for word in lexer.get_tokens(code))
    return [_start("code", **{"class": "code"}), *tokens, _end("code"), _end("pre")]


def _coloured_word(kind: _TokenType, word: str) -> list[Token]:
    short = STANDARD_TYPES.get(kind, "")
    if not short or not word.strip():
        return [_characters(word)]
    return [_start("span", **{"class": short}), _characters(word), _end("span")]


def _lexer(tokens: list[Token]) -> Lexer | None:
    """Find the language that a block of code is said to be in, if we colour it."""
    starts = (token for token in tokens if token["type"] == "StartTag")
    classes = chain.from_iterable(_attribute(token, "class").split() for token in starts)
    languages = (name.removeprefix("language-").lower() for name in classes)
    language = next((name for name in languages if name in LANGUAGES), None)
    return get_lexer_by_name(language, stripnl=False) if language else None


def _keep_known_classes(source: Tokens) -> Iterator[Token]:
    """Let text use no class of ours, so that it cannot dress up as a part of the page."""
    for token in source:
        if token["type"] in {"StartTag", "EmptyTag"} and (None, "class") in token["data"]:
            known = CLASSES.intersection(_attribute(token, "class").split())
            token["data"].pop((None, "class"))
            token["data"] |= {(None, "class"): " ".join(sorted(known))} if known else {}
        yield token


def _let_wide_things_scroll(source: Tokens) -> Iterator[Token]:
    """Wrap tables, and let the keyboard reach what scrolls: a phone is narrower than code."""
    for token in source:
        kind = (token["type"], token.get("name"))
        if kind == ("StartTag", "table"):
            yield _start("div", **{"class": "table-scroll", "tabindex": "0"})
        if kind == ("StartTag", "pre"):
            token["data"] |= {(None, "tabindex"): "0"}
        yield token
        if kind == ("EndTag", "table"):
            yield _end("div")
