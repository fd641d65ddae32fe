"""What a provider is to answer."""

from pydantic import BaseModel


class Written(BaseModel):
    """The members that the prompt names; what did not fit into the answer is left out."""

    titles: list[str] = []
    meta_description: str = ""
    keywords: list[str] = []
    improvements: list[str] = []
    summary: str = ""
