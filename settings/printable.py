"""Names and texts of others in messages of ours."""


def printable(text: str) -> str:
    """Give a text in which what a terminal or a log would obey, or can't show, is written as an escape.

    Lines and tabs stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str, longest: int) -> str:
    """Give the beginning of a text, in one line whatever it holds.

    Args:
        text: a name, mostly.
        longest: how many characters at most.
    """
    return " ".join(printable(text).split())[:longest]
