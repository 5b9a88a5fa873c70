"""Sources: clients that read running systems and record them, one file a system.

How this works: a source reads its system from a position on and hands drafts to a `Sink`, each with
the position that is reached once it is stored. The `Recorder` publishes them, reports the position
when the service has acknowledged them, and begins anew with a growing pause when the system or the
service goes away. Every draft has a key made of what its system says, so that reading something
twice stores it once.
"""
