"""Textual's own themes made from ours, so that its widgets (questions, palette, toasts) look as the board does."""

from __future__ import annotations

from textual.theme import Theme as TextualTheme

from .draw import Role
from .theme import Theme

__all__ = ["textual_theme"]


def _colour(theme: Theme, role: Role) -> str:
    """The colour of a role without attributes, in Textual's words."""
    word = theme.ink[role].split()[-1]
    return word if word.startswith("#") else f"ansi_{word}"


def textual_theme(theme: Theme) -> TextualTheme:
    """The theme under the name "scaletop-<name>"."""
    back = theme.back if theme.back.startswith("#") else "ansi_default"
    bar = theme.bar if theme.bar.startswith("#") else "ansi_default"
    return TextualTheme(
        name=f"scaletop-{theme.name}",
        primary=_colour(theme, Role.ACCENT),
        secondary=_colour(theme, Role.CHART),
        accent=_colour(theme, Role.FOCUS),
        warning=_colour(theme, Role.SLOW),
        error=_colour(theme, Role.DOWN),
        success=_colour(theme, Role.OK),
        foreground=_colour(theme, Role.TEXT),
        background=back,
        surface=bar,
        panel=bar,
        dark=theme.dark,
        ansi=theme.ansi,
    )
