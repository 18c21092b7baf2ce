"""Media and packages."""

from __future__ import annotations

from pathlib import Path

from anki._backend import RustBackend

from opened import OpenedAnki


class Files(OpenedAnki):
    """What a person does with files."""

    def add_media(self, name: str, text: str) -> None:
        """Put a file into the media folder, as pasting one does."""
        Path(self.col.media.dir(), name).write_text(text)

    def media_files(self) -> dict[str, str]:
        """Names and contents of the files in the media folder."""
        files = Path(self.col.media.dir()).iterdir()
        return {file.name: file.read_text() for file in files}

    def export_package(self, path: str, legacy: bool = False, media: bool = True) -> None:
        """File > Export: the whole collection."""
        self.col.export_collection_package(path, media, legacy)
        self.col.reopen()

    def import_package(self, path: str) -> None:
        """File > Import of a whole collection: replaces this one."""
        media = self.col.media.dir()
        self.close()
        RustBackend().import_collection_package(
            col_path=self.path,
            backup_path=path,
            media_folder=media,
            media_db=str(Path(self.path).with_suffix(".media.db2")),
        )
        self.open(self.path)
