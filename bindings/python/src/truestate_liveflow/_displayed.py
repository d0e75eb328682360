"""What shows itself as HTML where somebody looks at it, as in a notebook."""

from __future__ import annotations


class Displayed:
    """Has the form that notebooks ask an object for; its `repr` stays what it is."""

    def _repr_html_(self) -> str:
        # Only notebooks need it: it is not loaded with the package.
        from . import _notebook  # noqa: PLC0415

        return _notebook.html(self)
