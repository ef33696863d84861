"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""


def look_list(student):
    """c = a + b, L = c * c: how long is the list of nodes, and how many different ones does it hold?"""
    c = student.Value(2.0) + student.Value(3.0)
    order = student.topo(c * c)
    nodes = [student.identity(order[j]) for j in range(min(40, len(order)))]
    return [len(nodes), len(set(nodes))]


def look_twins(student):
    """(a + 1) * (b + 1) with a = b = 2: what does each hear? They are two knobs, though they show one number."""
    a, b = student.Value(2.0), student.Value(2.0)
    ((a + 1.0) * (b + 1.0)).backward()
    return sorted([_number(student, a.grad), _number(student, b.grad)])


def look_layers(student):
    """Two layers of one neuron, all knobs 0.5: what comes out for 1?"""
    net = student.MLP(1, [1, 1])
    knobs = net.parameters()
    for j in range(len(knobs)):
        knobs[j].data = 0.5
    out = net([1.0])
    out = student.value(out)
    if isinstance(out, list):
        out = out[0]
    return _number(student, out.data)


def _number(student, thing):
    return round(float(student.value(thing)), 6)
