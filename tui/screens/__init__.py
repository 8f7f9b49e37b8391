"""The screens over the board: menus, questions, help, the log, inspections. One file each."""
