"""What can have versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spanledger import sql

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Subject:
    """A prompt, whose text has versions; or a name by which a model is asked for, which revisions answer."""

    word: str
    version_word: str
    column: str
    """The column of spans that names the subject."""
    version_column: str
    path: str
    """Of its page, which takes the name as the parameter `name`."""
    list_path: str
    nav: str

    def statement(self, name: str) -> str:
        """A query of this room for this kind of subject."""
        return sql.read(HERE / f"{name}.sql").replace("SUBJECT", self.column).replace("VERSION", self.version_column)


PROMPT = Subject(
    "prompt", "version", "prompt_name", "prompt_version", "/prompts/versions", "/prompts", "Prompts"
)  # fmt: skip
MODEL = Subject(
    "model", "revision", "request_model", "model_revision", "/models/revisions", "/models", "Models"
)  # fmt: skip
