"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""

NEWS = (1.0, -2.5, 0.4)


def look_forward_left_minus(student):
    """A number minus a Value, three times."""
    return [_number(student, (number - student.Value(taken)).data) for number, taken in ((1.0, 3.0), (5.0, 0.5), (-2.0, 4.0))]


def look_forward_left_quotient(student):
    """A number by a Value, three times."""
    return [_number(student, (number / student.Value(by)).data) for number, by in ((1.0, 4.0), (6.0, 4.0), (-3.0, 8.0))]


def look_forward_arithmetic(student):
    """What comes out of each sign and function, with a plain number on either side?"""
    a, b = student.Value(2.0), student.Value(-4.0)
    made = [a + b, a * b, a**3, b**-1, b.tanh(), a.exp(), a.relu(), b.relu(), -a, a - b, a / b]
    mixed = [a + 1.5, a * 1.5, a - 1.5, a / 1.5, 1.5 + a, 1.5 * a]
    return [_number(student, value.data) for value in (*made, *mixed)]


def look_local_sums(student):
    """Sums, told different news: what came out, and what does each side hear?"""
    return [_heard(student, news, lambda a, b: a + b, 2.0, -3.0) for news in NEWS]


def look_local_products(student):
    """Products, told different news."""
    return [_heard(student, news, lambda a, b: a * b, *sides) for news in NEWS for sides in ((2.0, -3.0), (0.5, 4.0))]


def look_local_twice(student):
    """A sum and a product of a number with itself, told different news."""
    return [told for news in NEWS for told in (_heard(student, news, lambda v: v + v, 3.0), _heard(student, news, lambda v: v * v, -1.5))]


def look_local_powers(student):
    """Powers, told different news."""
    rows = ((3.0, 2), (3.0, 3), (-2.0, 4), (4.0, 0.5))
    return [_heard(student, news, lambda v, n=n: v**n, x) for news in NEWS for x, n in rows]


def look_local_tanh(student):
    """tanh left, right and far out, told different news."""
    return [_heard(student, news, lambda v: v.tanh(), x) for news in NEWS for x in (-0.3, 0.5, 2.0)]


def look_local_exp(student):
    """exp left and right, told different news."""
    return [_heard(student, news, lambda v: v.exp(), x) for news in NEWS for x in (-1.0, 0.0, 2.0)]


def look_local_relu(student):
    """relu on both sides of its corner, told different news."""
    return [_heard(student, news, lambda v: v.relu(), x) for news in NEWS for x in (-2.0, -0.5, 0.5, 2.0)]


def look_order_list(student):
    """c = a + b, L = c * c: how long is the list of nodes, and how many different ones does it hold?"""
    c = student.Value(2.0) + student.Value(3.0)
    nodes = _listed(student, c * c)
    return [len(nodes), len(set(nodes))]


def look_order_twins(student):
    """Of two graphs in which different nodes show equal numbers: how long is the list, and how many different ones does it hold?"""
    a, b = student.Value(2.0), student.Value(2.0)
    product = (a + b) * (a * b)
    told = []
    for root in (product, product * a):
        nodes = _listed(student, root)
        told.append([len(nodes), len(set(nodes))])
    return told


def look_order_kept(student):
    """Of three graphs: how long is the list, is each node there once, does each stand after what it was made from, is the root last?"""
    a, b = student.Value(2.0), student.Value(3.0)
    c = a + b
    square = c * c
    nodes = [a, b, c, square, square + c, c + square]
    parents = {2: (0, 1), 3: (2, 2), 4: (3, 2), 5: (2, 3)}
    numbers = {student.identity(node): number for number, node in enumerate(nodes)}
    told = []
    for root in (2, 4, 5):
        listed = [numbers.get(identity, -1) for identity in _listed(student, nodes[root])]
        place = {number: listed.index(number) for number in listed}
        below = {child: wanted for child, wanted in parents.items() if child in place}
        after = all(place.get(parent, 99) < place[child] for child, wanted in below.items() for parent in wanted)
        told.append([len(listed), len(listed) == len(place), after, listed[-1:] == [root]])
    return told


def look_backward_chain(student):
    """(a * b) * c: what does each hear?"""
    a, b, c = student.Value(2.0), student.Value(5.0), student.Value(3.0)
    ((a * b) * c).backward()
    return [_number(student, value.grad) for value in (a, b, c)]


def look_backward_sums(student):
    """Sums on top of sums, one of them used three times: what does each hear? No rule but that of + plays a part."""
    a, b = student.Value(2.0), student.Value(5.0)
    c = a + b
    middle = c + a
    root = (middle + c) + c
    root.backward()
    return [_number(student, value.grad) for value in (a, b, c, middle, root)]


def look_net_layers(student):
    """Two layers of one neuron, all knobs 0.5: how many are there, and what comes out for 1, and for -3?"""
    answers = []
    for x in (1.0, -3.0):
        net = student.MLP(1, [1, 1])
        knobs = student.value(net.parameters())
        answers.append(len(knobs))
        for knob in knobs:
            knob.data = 0.5
        out = student.value(net([x]))
        answers.append(_number(student, (out[0] if isinstance(out, list) else out).data))
    return answers


def _listed(student, root):
    """Which objects stand in the list, by identity? Forty at most."""
    order = student.topo(root)
    return [student.identity(order[j]) for j in range(min(40, len(order)))]


def _heard(student, news, make, *numbers):
    """What does *make* show of *numbers*, and what does each of them hear when the result is told *news*?"""
    values = [student.Value(number) for number in numbers]
    out = make(*values)
    out.grad = news
    out._backward()
    return [_number(student, thing) for thing in (out.data, *(value.grad for value in values))]


def _number(student, thing):
    return round(float(student.value(thing)), 6)
