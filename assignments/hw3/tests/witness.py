"""What the tutor asks a loop when its numbers alone do not tell which mistake was made. No answer earns or costs a point.

Each ``look_...`` watches the program at work, each ``read_...`` reads its text.
"""

import ast

XS, YS = [[1.0, -2.0, 3.0]], [-1.0]
SLOPES = [2.0, -4.0, 6.0, 2.0]  # of that one example, with all knobs at 0


def look_step_moves(student):
    """How far do the knobs move in each of six steps, with the knobs put back before each? 1 is what this step's slope asks."""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    return _far(student, model, lambda: student.train_step(model, XS, YS, 0.5), 0.5)


def look_step_where_nothing_moves(student):
    """If a step moves no knob: are the boards empty when it is over, or written on?"""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    knobs = model.parameters()
    student.value(student.train_step(model, XS, YS, 0.5))
    if any(student.value(knobs[j].data) for j in range(4)):
        return "it moves"
    return "written on" if any(student.value(knobs[j].grad) for j in range(4)) else "empty"


def look_step_stuck(student):
    """Does no knob move though nothing is wiped, since ``zero_grad`` is held back? False where the program wipes by itself."""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    asked, wipe = [], student.zero_grad
    student.zero_grad = asked.append
    try:
        student.value(student.train_step(model, XS, YS, 0.5))
    finally:
        student.zero_grad = wipe
    knobs = model.parameters()
    return bool(asked) and not any(student.value(knobs[j].data) for j in range(4))


def look_step_of_three(student):
    """How far do the knobs move in one step that hears three examples, from where they stand?"""
    start = [0.5, -1.0, 0.25, 2.0]
    model = student.Linear(start)
    student.value(student.train_step(model, [[1.0, 0.0, 2.0], [0.0, 3.0, -1.0], [-2.0, 1.0, 1.0]], [1.0, -2.0, 0.5], 0.125))
    knobs = model.parameters()
    return [round(student.value(knobs[j].data) - start[j], 6) for j in range(4)]


def look_train_again(student):
    """The same for ``train``, called three times with one step each."""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    return _far(student, model, lambda: student.train(model, XS, YS, 0.5, 1), 0.5, times=3)


def look_train_tiny(student):
    """How far do three steps of ``train`` go that are so small that the slope stays what it is?"""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    return _far(student, model, lambda: student.train(model, XS, YS, 1e-9, 3), 1e-9, times=1)


def look_zero_wiped(student):
    """What do four knobs show, and what do their boards, after ``zero_grad``?"""
    knobs = student.Linear([1.0, 2.0, 3.0, 4.0]).parameters()
    for j in range(4):
        knobs[j].grad = 5.0 + j
    student.value(student.zero_grad(knobs))
    return [student.value(number) for j in range(4) for number in (knobs[j].data, knobs[j].grad)]


def look_zero_new_knobs(student):
    """How many new knobs does ``zero_grad`` make out of four? The model holds the old ones."""
    made = []
    knobs = student.Linear([1.0, 2.0, 3.0, 4.0]).parameters()
    kind = student.Value

    def counted(number=0.0):
        made.append(number)
        return kind(number)

    student.Value = counted
    try:
        student.value(student.zero_grad(knobs))
    finally:
        student.Value = kind
    return len(made)


def look_step_strangers(student):
    """Does ``train_step`` let ``zero_grad`` wipe something that is no knob of the model's?"""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    own = {student.identity(knob) for knob in model.parameters()}
    wiped, wipe = [], student.zero_grad

    def watched(knobs):
        wiped.extend(student.identity(knob) for knob in knobs)
        return wipe(knobs)

    student.zero_grad = watched
    try:
        student.value(student.train_step(model, XS, YS, 0.5))
    finally:
        student.zero_grad = wipe
    return not own.issuperset(wiped)


def read_step_named_only(tree):
    """Does a line name a function, and not call it?"""
    return any(isinstance(line.value, (ast.Name, ast.Attribute)) for line in _statements(tree))


def read_zero_compared_only(tree):
    """Does a line compare, and do nothing with the answer?"""
    found = False
    for line in _statements(tree):
        inside = line.value.elt if isinstance(line.value, (ast.ListComp, ast.GeneratorExp, ast.SetComp)) else line.value
        found = found or isinstance(inside, ast.Compare)
    return found


def read_step_board_of_the_score(tree):
    """Is a number written on the board of what ``loss`` returned?"""
    scores = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and getattr(node.value.func, "attr", "") == "loss"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    written = [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(t, ast.Attribute) and t.attr == "grad" and getattr(t.value, "id", None) in scores for t in written)


def _far(student, model, step, lr, times=6):
    rows = []
    knobs = model.parameters()
    for _ in range(times):
        for j in range(4):
            knobs[j].data = 0.0
        student.value(step())
        rows.append([round(student.value(knobs[j].data) / (-lr * SLOPES[j]), 6) for j in range(4)])
    return rows


def _statements(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)]
