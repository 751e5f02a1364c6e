"""Reads the parts of a shell script that consist of words: commands, ``case``, and [[ … ]]."""

import re

from orchestrator.expressions.shell import builtins, compounds
from orchestrator.expressions.shell.flow import ANY, EVALUATES
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.lines import UNKNOWN
from orchestrator.expressions.shell.operators import OPERATORS, define, function
from orchestrator.expressions.shell.parts import Kind, Stage
from orchestrator.expressions.shell.quotes import OPENERS, dollar, escape
from orchestrator.expressions.shell.reader import Reader
from orchestrator.expressions.shell.word import OPAQUE

#: Operators in [[ … ]] for which bash evaluates the operands as arithmetic or as names.
_EVALUATING = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"})

#: Characters without a special meaning in words.
_PLAIN = re.compile(r"[^\s\\\"'`$#|&;<>()\0]+")

#: Files that may be the command's own input.
_STREAM = re.compile(r"/dev/|/proc/")


def words(reader: Reader, frame: Frame, char: str) -> None:
    """Read one character, or the part that it opens."""
    if char == "\\":
        if reader.ahead() == "\n":
            reader.at += 2
            return
        frame.word.add(OPAQUE)
        escape(reader)
    elif char in OPENERS:
        frame.word.add(OPAQUE)
        reader.push(OPENERS[char], 1)
    elif char == "$":
        dollar(reader, frame)
    elif char == "#" and not frame.word.begun:
        end = reader.script.find("\n", reader.at)
        reader.refuse_up_to(len(reader.script) if end < 0 else end, "in a comment")
    elif char == "(" and frame.word.begun and frame.bare_words and not frame.before_command:
        function(reader, frame, frame.word.text)
    elif char in "<>" and frame.word.is_descriptor:  # the number of the redirected descriptor
        frame.word.number = frame.word.head
        frame.word.drop()
    elif char in OPERATORS and frame.word.begun:
        end_word(reader, frame)
    elif char in OPERATORS:
        OPERATORS[char](reader, frame)
    elif match := _PLAIN.match(reader.script, reader.at):
        frame.word.add(match[0])
        reader.at = match.end()
    else:
        frame.word.add(char)
        reader.at += 1


def end_word(reader: Reader, frame: Frame) -> None:
    """End the current word; the innermost part then reads the character that ended it."""
    word = frame.word.text
    frame.word.drop()
    if frame.word.target:
        _redirected(frame, word)
    elif frame.kind is Kind.TEST:
        if word in _EVALUATING:
            reader.flow.reads(ANY, reader.line, EVALUATES)
        if word == "]]":
            reader.pop(0)
    elif frame.kind is Kind.CASE and (frame.stage is not Stage.BODY or (frame.start and word == "esac")):
        _case_word(reader, frame, word)
    elif frame.bare_words:
        if frame.command.words == ["function"]:
            define(reader, word)
        if builtins.is_arithmetic(frame.command.program, word, evaluates=frame.command.evaluates):
            reader.flow.reads(ANY, reader.line, EVALUATES)
        if frame.start or frame.begins_body(word):
            compounds.word(reader, frame, word)
        if opened := frame.ended(word):
            reader.push(opened, 0)


def _redirected(frame: Frame, word: str) -> None:
    """Record that ``word`` is the file of a redirection."""
    plain = word.replace(OPAQUE, "")
    if frame.word.output and not (frame.word.descriptor and plain in ("0", "1", "2")):
        output = f"&{plain}" if frame.word.descriptor and plain.isdigit() else plain
        frame.streams.outputs.append(output)
        frame.streams.numbers.append(frame.word.number)
    if frame.word.input:
        frame.streams.inputs.append(plain)
        surely = OPAQUE not in word and UNKNOWN not in word and not _STREAM.match(word)
        frame.streams.redirected = frame.streams.redirected or (surely and not frame.word.numbered)
    frame.word.forget_redirection()


def _case_word(reader: Reader, frame: Frame, word: str) -> None:
    match frame.stage:
        case Stage.SUBJECT:
            frame.stage = Stage.IN
        case Stage.IN if word == "in":
            frame.stage = Stage.PATTERN
        case Stage.IN:
            reader.give_up("a 'case' without 'in'")
        case _ if word == "esac":
            reader.pop(0)
            reader.stack[-1].start = True
