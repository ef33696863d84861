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
    if far == 0:
        return "not at all"
    if far < 1e-9:
        return "lost among the last digits of a float"
    if far < 0.02:
        return "small"
    return "as large as the knob" if far < 1.5 else "elsewhere"


def look_slope_of_a_line(student):
    """What is the slope of 4*knob + 1, measured with large nudges? A straight line has the same one everywhere."""
    places = ((2.0, 0.25), (-2.0, 0.5))
    return [round(float(student.slope(lambda knobs: 4 * knobs[0] + 1, [x], 0, h)), 6) for x, h in places]


def look_descend_moves(student):
    """How far does one move go for each of three slopes, for each unit of lr?"""
    told = [0.01, 4.0, -0.25]

    def plane(knobs):
        return sum(slope * knob for slope, knob in zip(told, knobs, strict=True))

    answer = student.value(student.descend(plane, [5.0, 5.0, 5.0], 0.1, 1, lambda knobs: told))
    return [round((student.value(knob) - 5.0) / 0.1, 3) for knob in answer[0]]


def look_loss_errors(student):
    """What is the loss where the guess is 0, and the wishes are 1, -3 and 0.5?"""
    return round(float(student.loss([0.0, 0.0], [[1.0], [1.0], [2.0]], [1.0, -3.0, 0.5])), 6)
