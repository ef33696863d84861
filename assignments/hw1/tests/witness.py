"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""


def look_nudge(student):
    """How far is a knob at 3 nudged, when the choice is left to the program?"""
    asked = []

    def watched(knobs):
        asked.append(abs(knobs[0] - 3.0))
        return 2 * knobs[0]

    student.value(student.slope(watched, [3.0], 0))
    far = max(asked)
    if far < 1e-9:
        return "lost among the last digits of a float"
    return "small" if far < 0.02 else "as large as the knob"


def look_straight(student):
    """What is the slope of 4*knob + 1, measured with a nudge of 0.25? A straight line has the same one everywhere."""
    return round(float(student.slope(lambda knobs: 4 * knobs[0] + 1, [2.0], 0, 0.25)), 6)


def look_moves(student):
    """How far does one move go for each of three slopes, for each unit of lr?"""
    told = [0.01, 4.0, -0.25]

    def plane(knobs):
        return sum(slope * knob for slope, knob in zip(told, knobs, strict=True))

    answer = student.value(student.descend(plane, [5.0, 5.0, 5.0], 0.1, 1, lambda knobs: told))
    return [round((student.value(knob) - 5.0) / 0.1, 3) for knob in answer[0]]


def look_errors(student):
    """What is the loss where the guess is 0, and the wishes are 1 and -3?"""
    return round(float(student.loss([0.0, 0.0], [[1.0], [1.0]], [1.0, -3.0])), 6)
