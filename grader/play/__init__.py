"""The pain pages: she tries by hand in her own browser what the machine will do later, and every try is kept.

``book`` reads an assignment's ``pain.py`` and ``page.py``, ``log`` keeps the tries, ``view`` says what a page shows, ``server``
serves it to one browser on this machine, ``machine`` lets her own program play once its checks pass, ``text`` is the same pain
in a terminal. Every number comes from the assignment's Python; the page (``page/``) only draws. docs/PLAY.md tells how a page
is described.
"""
