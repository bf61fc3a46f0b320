"""Guard rules: what must hold for every resource of every stack, whoever wrote the component.

The rules are plain functions over a recorded program. Tests run them on all stacks, and `__main__` runs
them as a CrossGuard policy pack. Deliberately not here: repairs; a rule only says what is wrong, and where.
"""
