"""Many submissions, resumable: a plan of what is new, judges that grade it, one writer that stores it.

``engine`` has the records and the interface of what grades; ``local`` is the engine of this machine; ``judging`` is one of its judges;
``plan`` knows what is new, ``originals`` keeps what was handed in, ``classrun`` puts them together and ``regrade`` looks before it writes.
"""
