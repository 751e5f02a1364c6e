"""Graph files in JSON that are wrong, and the messages that say so."""

import pytest

from tests.unit.definition.conftest import Refusal

BAD_JSON = {
    "no JSON": (
        "{name: 1}",
        "g.json:1: this is not JSON: expecting property name enclosed in double quotes (column 2)",
    ),
    "a comma too many": (
        '{"name": "g",\n "steps": {"a": {"after": ["b",]}}}',
        "g.json:2: this is not JSON: nothing follows the last comma before ']': leave the comma out (column 32)",
    ),
    "a list": ("[]", "g.json:1: expected a mapping with the keys name and steps, got a list"),
    "nothing but null": ("null", "g.json:1: expected a mapping with the keys name and steps, got nothing"),
    "a key twice": (
        '{"name": "g", "steps": {\n"a": {"wait": "1s"},\n"a": {"wait": "1s"}}}',
        "g.json:3: the key 'a' is written twice here, first on line 2",
    ),
    "not a number": (
        '{"name": "g",\n"steps": {"a": {"python": "m:f", "args": {\n"x": NaN, "y": 1e999}}}}',
        [
            "g.json:3: expected a number that JSON can hold, got 'NaN'",
            "g.json:3: expected a number that JSON can hold, got '1e999'",
        ],
    ),
    "a huge number": (
        '{"name": "g", "steps": {"a": {"python": "m:f", "args": {"x":\n' + "9" * 5000 + "}}}}",
        f"g.json:2: expected a number of at most 64 bits, got '{'9' * 57}...': write it in quotes, as text",
    ),
    "a bottomless list": ("[" * 200_000, "g.json:1: expected lists and mappings nested at most 100 deep"),
    "a wrong type, far inside": (
        '{"name": "g",\n"steps": {\n"a": {\n"retry": {\n"attempts": "3"}}}}',
        "g.json:5: step 'a': retry.attempts: expected a whole number, got '3'",
    ),
    "an unknown step": (
        '{"name": "g",\n"steps": {\n"a": {"after": ["b",\n"c"]}, "b": {}}}',
        "g.json:4: step 'a': after: no step is called 'c'",
    ),
    "a key with an escape": (
        '{"name": "g", "steps": {"a\\n": {},\n"\\u00e9": null}}',
        [
            "g.json:1: step 'a\\n': expected a letter, then at most 99 letters, digits, '_', '.' or '-', got 'a\\n'",
            "g.json:2: step 'é': expected a letter, then at most 99 letters, digits, '_', '.' or '-', got 'é'",
        ],
    ),
}


@pytest.mark.parametrize(("text", "lines"), BAD_JSON.values(), ids=BAD_JSON)
def test_a_json_file_is_refused_in_these_words(refusal: Refusal, text: str, lines: str | list[str]) -> None:
    assert refusal(text, "g.json") == ([lines] if isinstance(lines, str) else lines)
