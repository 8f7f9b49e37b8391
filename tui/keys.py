"""The table of keys: every action's id, default keys, words and contexts. `tui.keymap` makes everything else of it.

Keys are Textual's names ("space", "ctrl+p", "question_mark"). h and l are heal and log on the board, so the letters that
move are j and k; arrows move everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["KEYMAP", "PANE_GROUP", "PINNED", "Context", "Key"]


class Context(StrEnum):
    """Where a key works. BOARD: the main screen; a menu's own rows have keys of their own (from the engine's tables)."""

    BOARD = "board"
    MENU = "menu"
    READER = "reader"


BOARD = frozenset({Context.BOARD})
EVERYWHERE = frozenset(Context)
PANE_GROUP = "panes"  # what this group is called in the footer depends on which panes there are
PINNED = 98  # rows from this place on stand at the footer's right end and are never left out
LISTS = frozenset({Context.BOARD, Context.READER})


@dataclass(frozen=True, slots=True)
class Key:
    """A binding. `words`: two or three for the footer; `explain`: a sentence for help. footer: order there, 0 = not shown.

    `group`: rows of one group share a footer entry and one line of help; `target`: works on what is selected; `needs`: works
    only where the snapshot has this part.
    """

    id: str
    keys: tuple[str, ...]
    action: str
    words: str
    explain: str
    contexts: frozenset[Context] = BOARD
    section: str = "Look"
    footer: int = 0
    group: str = ""
    target: bool = False
    needs: str = ""


def _pane(number: int) -> Key:
    explain = f"Focus pane {number}; on a small screen, show it. Again: zoom it."
    return Key(f"pane-{number}", (str(number),), f"pane({number})", "pane", explain, footer=90, group=PANE_GROUP)


KEYMAP: tuple[Key, ...] = (
    Key(
        "quit",
        ("q", "ctrl+c"),
        "app.leave",
        "quit",
        "End the screen, and the engine if it was started for it.",
        EVERYWHERE,
        "Program",
    ),
    Key(
        "help",
        ("question_mark", "f1"),
        "app.help",
        "help",
        "What can be done here, and with which keys.",
        EVERYWHERE,
        "Program",
        99,
    ),
    Key("palette", ("ctrl+p",), "app.command_palette", "palette", "Find any action by name.", EVERYWHERE, "Program"),
    Key(
        "back",
        ("escape",),
        "back",
        "back",
        "Close, unzoom, clear the filter, drop the selection: one at a time.",
        EVERYWHERE,
        "Look",
    ),
    *(_pane(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)),
    Key("panes", ("v",), "panes", "panes", "All panes, each with what it says now; then its letter.", footer=98),
    Key(
        "zoom",
        ("z",),
        "zoom",
        "zoom",
        "Show only this pane, with history and every line; again: back.",
        section="Look",
        footer=91,
    ),
    Key("next-pane", ("tab",), "focus_pane(1)", "next pane", "Go to the next pane.", group="tab"),
    Key("prev-pane", ("shift+tab",), "focus_pane(-1)", "previous pane", "Go to the previous pane.", group="tab"),
    Key("down", ("down", "j"), "move(0, 1)", "down", "Select the next line.", LISTS, group="arrows"),
    Key("up", ("up", "k"), "move(0, -1)", "up", "Select the line before.", LISTS, group="arrows"),
    Key(
        "left",
        ("left",),
        "move(-1, 0)",
        "left",
        "On the map to the column before; else, or from its edge, to the previous pane.",
        group="arrows",
    ),
    Key(
        "right",
        ("right",),
        "move(1, 0)",
        "right",
        "On the map to the next column; else, or from its edge, to the next pane.",
        group="arrows",
    ),
    Key("filter", ("slash",), "filter", "filter", "Show only lines that hold these words.", LISTS, footer=92),
    Key(
        "inspect",
        ("i", "enter"),
        "inspect",
        "inspect",
        "All about the selected part: settings, sources, requests.",
        footer=3,
        target=True,
    ),
    Key(
        "follow",
        ("w",),
        "follow",
        "watch a request",
        "Keep every hop of the next request for a key or of a user; it is then in pane 8.",
    ),
    Key("log", ("l",), "app.log", "log", "What happened, each cause above its effects.", footer=20),
    Key("freeze", ("space",), "freeze", "freeze", "Hold the picture still; the world goes on.", section="Look"),
    Key(
        "next-stage",
        ("n",),
        "climb(1)",
        "next stage",
        "One step up the ladder, from one server to ten million users.",
        section="Act",
        footer=9,
        needs="ladder",
    ),
    Key("stage-back", ("N",), "climb(-1)", "stage back", "One step down the ladder.", section="Act", needs="ladder"),
    Key("faults", ("f",), "faults", "fault", "Break something: then one or two keys.", section="Act", footer=10),
    Key("heal", ("h",), "heal", "heal", "Take every fault off the selected part.", section="Act", footer=1, target=True),
    Key("heal-all", ("H",), "heal_all", "heal all", "Take off all faults everywhere.", section="Act"),
    Key(
        "restart",
        ("r",),
        "restart",
        "restart",
        "Restart the selected node; its memory is lost.",
        section="Act",
        footer=2,
        target=True,
    ),
    Key(
        "drain",
        ("d",),
        "drain",
        "drain",
        "No new requests for the selected web server; again: let it back in.",
        section="Act",
        target=True,
    ),
    Key("undo", ("u",), "undo", "undo", "Take back the last thing done by hand.", section="Act", footer=11),
    Key("scale", ("g",), "scale", "scale", "Add or remove machines.", section="Act", footer=12),
    Key(
        "change",
        ("c",),
        "change",
        "change",
        "Change a setting: policy, TTL, eviction, replication mode ...",
        section="Act",
        footer=13,
    ),
    Key("traffic", ("t",), "traffic", "traffic", "More or fewer users, a flash crowd, retries.", section="Act", footer=14),
    Key("pause", ("p",), "pause", "pause", "Stop the world's clock; again: let it run.", section="Time", footer=15),
    Key(
        "faster", ("plus", "equals_sign"), "speed(1)", "faster", "Virtual time runs faster.", section="Time", footer=16, group="±"
    ),
    Key("slower", ("minus",), "speed(-1)", "slower", "Virtual time runs slower.", section="Time", footer=16, group="±"),
    Key("step", ("full_stop",), "step", "step", "While paused: one step of the world.", section="Time"),
    Key(
        "theme",
        ("T",),
        "app.next_theme",
        "theme",
        "Next look: dark, light, high contrast, colour-blind safe ...",
        section="Program",
    ),
    Key("glyphs", ("G",), "next_glyphs", "glyphs", "Charts of braille, blocks or ASCII.", section="Program"),
    Key("copy", ("y",), "copy", "copy", "Copy the selected part's line to the clipboard (OSC 52).", section="Program"),
    Key("screenshot", ("S",), "app.save_picture", "picture", "Save the screen as an SVG picture.", section="Program"),
    Key("redraw", ("ctrl+l",), "app.redraw_all", "redraw", "Draw everything anew.", EVERYWHERE, "Program"),
)
