"""Notetypes, their fields and card templates."""

from __future__ import annotations

from typing import Any

from opened import OpenedAnki, edit


class Notetypes(OpenedAnki):
    """What a person does with notetypes."""

    @edit
    def add_notetype(
        self, name: str, fields: list[str], templates: list[str], cloze: bool = False
    ) -> None:
        """Make a notetype; each template shows the first field (of a cloze: its gaps)."""
        models = self.col.models
        model = models.new(name)
        model["type"] = int(cloze)
        for field in fields:
            models.add_field(model, models.new_field(field))
        for number, template_name in enumerate(templates):
            template = models.new_template(template_name)
            front = fields[number % len(fields)]
            template["qfmt"] = f"{{{{cloze:{front}}}}}" if cloze else f"{{{{{front}}}}}"
            template["afmt"] = template["qfmt"] + "<hr id=answer>"
            models.add_template(model, template)
        models.add_dict(model)

    @edit
    def edit_notetype(self, name: str, **changes: Any) -> None:
        """Set keys of a notetype's JSON, known or unknown ones."""
        model = self._notetype(name)
        model.update(changes)
        self.col.models.update_dict(model)

    @edit
    def rename_notetype(self, old: str, new: str) -> None:
        """Rename a notetype."""
        model = self._notetype(old)
        model["name"] = new
        self.col.models.update_dict(model)

    @edit
    def edit_template(self, notetype: str, number: int, **changes: Any) -> None:
        """Set keys of one card template."""
        model = self._notetype(notetype)
        model["tmpls"][number].update(changes)
        self.col.models.update_dict(model)

    @edit
    def edit_field(self, notetype: str, number: int, **changes: Any) -> None:
        """Set keys of one field (its name too: renaming is no schema change)."""
        model = self._notetype(notetype)
        model["flds"][number].update(changes)
        self.col.models.update_dict(model)

    @edit
    def add_field(self, notetype: str, field: str) -> None:
        """Add a field: a change that cannot be merged."""
        model = self._notetype(notetype)
        self.col.models.add_field(model, self.col.models.new_field(field))
        self.col.models.update_dict(model)

    @edit
    def add_template(self, notetype: str, name: str, front: str) -> None:
        """Add a card template: a change that cannot be merged."""
        model = self._notetype(notetype)
        template = self.col.models.new_template(name)
        template["qfmt"] = front
        self.col.models.add_template(model, template)
        self.col.models.update_dict(model)

    @edit
    def delete_notetype(self, name: str) -> None:
        """Delete a notetype with its notes: a change that cannot be merged."""
        self.col.models.remove(self._notetype(name)["id"])
