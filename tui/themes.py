"""Textual's own themes made from ours, so that its widgets (questions, palette, toasts) look as the board does."""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as TextualTheme

from .draw import Role
from .theme import Theme

__all__ = ["textual_theme"]


def textual_theme(theme: Theme) -> TextualTheme:
    """The theme under the name "scaletop-<name>". Those of the terminal's own colours are Textual's, which are complete."""
    name = f"scaletop-{theme.name}"
    if theme.ansi:
        return replace(BUILTIN_THEMES["ansi-dark" if theme.dark else "ansi-light"], name=name)

    def colour(role: Role) -> str:
        return theme.ink[role].split()[-1]

    return TextualTheme(
        name=name,
        primary=colour(Role.ACCENT),
        secondary=colour(Role.CHART),
        accent=colour(Role.FOCUS),
        warning=colour(Role.SLOW),
        error=colour(Role.DOWN),
        success=colour(Role.OK),
        foreground=colour(Role.TEXT),
        background=theme.back,
        surface=theme.bar,
        panel=theme.bar,
        dark=theme.dark,
    )
