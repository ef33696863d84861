"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""


def look_forward_left_minus(student):
    """A number minus a Value, three times."""
    return [_number(student, (number - student.Value(taken)).data) for number, taken in ((1.0, 3.0), (5.0, 0.5), (-2.0, 4.0))]


def look_forward_left_quotient(student):
    """A number by a Value, three times."""
    return [_number(student, (number / student.Value(by)).data) for number, by in ((1.0, 4.0), (6.0, 4.0), (-3.0, 8.0))]


def look_order_list(student):
    """c = a + b, L = c * c: how long is the list of nodes, and how many different ones does it hold?"""
    c = student.Value(2.0) + student.Value(3.0)
    order = student.topo(c * c)
    nodes = [student.identity(order[j]) for j in range(min(40, len(order)))]
    return [len(nodes), len(set(nodes))]


def look_order_twins(student):
    """(a + 1) * (b + 1) with a = b = 2: what does each hear? They are two knobs, though they show one number."""
    a, b = student.Value(2.0), student.Value(2.0)
    ((a + 1.0) * (b + 1.0)).backward()
    return sorted([_number(student, a.grad), _number(student, b.grad)])


def look_local_powers(student):
    """The slopes of the powers 2, 3 and 4 of 3."""
    told = []
    for power in (2, 3, 4):
        v = student.Value(3.0)
        (v**power).backward()
        told.append(_number(student, v.grad))
    return told


def look_backward_chain(student):
    """(a * b) * c: what does each hear?"""
    a, b, c = student.Value(2.0), student.Value(5.0), student.Value(3.0)
    ((a * b) * c).backward()
    return [_number(student, value.grad) for value in (a, b, c)]


def look_net_layers(student):
    """Two layers of one neuron, all knobs 0.5: what comes out for 1, and for -3?"""
    answers = []
    for x in (1.0, -3.0):
        net = student.MLP(1, [1, 1])
        for knob in student.value(net.parameters()):
            knob.data = 0.5
        out = student.value(net([x]))
        answers.append(_number(student, (out[0] if isinstance(out, list) else out).data))
    return answers


def _number(student, thing):
    return round(float(student.value(thing)), 6)
