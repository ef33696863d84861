"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""


def look_slope_nudge(student):
    """How far is a knob nudged, when the choice is left to the program? Asked for a knob at 3 and for one at 7."""
    kinds = []
    for place in (3.0, 7.0):
        asked = []

        def watched(knobs, place=place, asked=asked):
            asked.append(abs(knobs[0] - place))
            return 2 * knobs[0]

        student.value(student.slope(watched, [place], 0))
        kinds.append(_size(max(asked)))
    return kinds


def _size(far):
    if 0 < far < 1e-9:
        return "lost among the last digits of a float"
    if far < 0.02:  # not at all is no matter of size
        return "small"
    return "as large as the knob" if far < 1.5 else "elsewhere"


def look_slope_of_a_line(student):
    """What is the slope of 4*knob + 1, measured with large nudges? A straight line has the same one everywhere."""
    places = ((2.0, 0.25), (-2.0, 0.5))
    return [round(float(student.slope(lambda knobs: 4 * knobs[0] + 1, [x], 0, h)), 6) for x, h in places]


def look_slope_left(student):
    """Where does each of three knobs stand when its slope has been asked for, and do the others stay?"""
    knobs, told = [1.0, 2.0, 4.0], []
    for i, before in enumerate(tuple(knobs)):
        student.value(student.slope(lambda now: now[0] + 3 * now[1] - now[2], knobs, i, 0.25))
        off = abs(knobs[i] - before)
        told.append("at home" if off < 1e-6 else "a nudge away" if off < 0.6 else "far away")
        knobs[i] = before
    return [*told, knobs == [1.0, 2.0, 4.0]]


def look_descend_together(student):
    """Where do two knobs stand after two moves, when each one's slope is the other's place?"""
    answer = student.value(student.descend(lambda knobs: knobs[0] * knobs[1], [2.0, 1.0], 0.5, 2, lambda knobs: [knobs[1], knobs[0]]))
    return [round(float(student.value(knob)), 3) for knob in answer[0]]


def look_descend_moves(student):
    """How far does one move go for each of three slopes, for each unit of lr?"""
    told = [0.01, 4.0, -0.25]

    def plane(knobs):
        return sum(slope * knob for slope, knob in zip(told, knobs, strict=True))

    answer = student.value(student.descend(plane, [5.0, 5.0, 5.0], 0.1, 1, lambda knobs: told))
    return [round((student.value(knob) - 5.0) / 0.1, 3) for knob in answer[0]]


def look_loss_errors(student):
    """What is the loss where the guess is 0, and the wishes are 1, -3 and 0.5? And where the guess is tanh(2) and tanh(0)?"""
    asked = ([0.0, 0.0], [[1.0], [1.0], [2.0]], [1.0, -3.0, 0.5]), ([1.0, 1.0], [[1.0], [-1.0]], [0.0, 2.0])
    return [round(float(student.loss(*row)), 6) for row in asked]
