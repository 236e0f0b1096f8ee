"""How a question and the place of its answer are marked, in the course's words and in others.

A heading or a bold line begins a question; a line with the word for an answer, and a colon or some
form, is where the answer goes.
"""

from __future__ import annotations

import re

# Students translate their notebooks: the words for "question" and "answer" of many languages. Of a
# heading that has one, a number must follow, or there is nothing else in it.
_QUESTIONS = (
    r"\b(?:pregunta|frage|domanda|pergunta|questão|cuestión|vraag|fråga|spørgsmål|pytanie|otázka|"
    r"kérdés|soru|pertanyaan|câu[ \t]hỏi|вопрос|питання|ερώτηση)\b|"
    "שאלה|سؤال|پرسش|प्रश्न|คำถาม|问题|問題|問|质问|質問|질문|문제"
)
_ANSWERS = (
    "respuesta|réponse|antwort(?:en)?|risposta|resposta|svar|odpowiedź|odpověď|válasz|cevap|yanıt|"
    "jawaban|trả[ \t]lời|ответ|відповідь|απάντηση|"
    "תשובה|إجابة|الإجابة|جواب|پاسخ|उत्तर|คำตอบ|答案|回答|解答|答|답변|답"
)
_ASKED = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\*\*[ \t]*)(?:(?:inline[ \t]+)?question\b"
    rf"|[^\n#*]{{0,24}}?(?:{_QUESTIONS})(?=[^\n]{{0,24}}[\d一二三四五])"
    rf"|(?:{_QUESTIONS})(?=[ \t]*[:：]?[ \t*]*$))"
    r"[^\n\d]{0,24}(\d{1,2})?",
    re.IGNORECASE | re.MULTILINE,
)
# "## Answer:", "**Answer:** because", "*Your answer:*", "$\color{blue}{\textit Your Answer:}$"
_MARKER = re.compile(
    r"^[ \t>]*+(?P<form>[#*_$\\{]*+)[ \t]*+(?:color\{\w+\}[ \t]*\{?\\?textit)?[ \t{]*+"
    r"(?:(?:my|your|student'?s?)[ \t]+)?"
    rf"(?:answers?|ans|explanation|solution|{_ANSWERS})(?![A-Za-z0-9])[ \t}}$*_.]*+"
    r"(?P<colon>[:：]?)[ \t}$*_]*+(?P<rest>.*)$",
    re.IGNORECASE,
)
_FILL = re.compile(  # bounded, so that a long line of spaces takes no time
    r"\[?[ \t]{0,9}\bfill[ \t]{1,9}this[ \t]{1,9}in\b[ \t]{0,9}\]?"
    r"|[\[<](?:write[ \t]{1,9})?your[ \t]{1,9}answer[^\]>\n]{0,20}[\]>]"
    r"|\b(?:(?:write|type|put|enter)[ \t]{1,9})?your[ \t]{1,9}answer[ \t]{1,9}here\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DECORATION = re.compile(r"[\s*_#>`~\-\[\]().:$\\?!,;|…–—/]+")


def headings(text: str) -> list[re.Match[str]]:
    """Return where questions begin in a text; group 1 is the number, if one is given."""
    return list(_ASKED.finditer(text))


def at_marker(text: str) -> tuple[str, str | None]:
    """Return the text before and behind the first marker of a cell; None if it has no marker."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if (rest := marker(line)) is not None:
            return "\n".join(lines[:place]), "\n".join([rest, *lines[place + 1 :]])
    return text, None


def marker(line: str) -> str | None:
    """Return the text behind a marker; None if there is no marker ("Answer the following")."""
    match = _MARKER.match(line[:500])
    if match and (match["colon"] or match["form"] and not match["rest"].strip()):
        return str(match["rest"]) + line[500:]
    return None


def without_fillers(text: str) -> str:
    """Return a text without what stands where an answer is to be written."""
    return _FILL.sub("", text)


def is_written(answer: str) -> bool:
    """Return whether anything is written: one letter may choose between answers."""
    return bool(_DECORATION.sub("", _COMMENT.sub("", answer)))
