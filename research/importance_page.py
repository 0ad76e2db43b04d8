"""A study of the features (research/importance.py) as one HTML page, and as plain values."""

from html import escape
from typing import Any

import numpy as np

from indicators.schema import NAMES
from research import page
from research.figures import Figure
from research.importance import LOSSES, PROFILE, STRONG, Study
from research.report import add, shown
from storage.model import CLASSES

FEW = 100  # rows of a class; of fewer a handful decides
DIGITS = 6  # of plain values

IMPORTANCE = (
    "By how much the model is worse when one feature is shuffled over all rows, {repeats} times: "
    "mean and standard deviation. The deviation is that of the shuffling; other data would differ "
    "by more. Around 0 the model does not use a feature, or another one stands in for it: see the "
    "groups. It says what this model reads, not what the market tells."
)
GROUPS = (
    "A feature that another one can stand in for looks useless when it is shuffled alone. So those "
    "that a correlation over {strong} joins, one to the next, are shuffled together, by one order."
)
MATRIX = (
    "Above the diagonal Pearson's, below it Spearman's (of ranks), over the warm rows. Empty rows "
    "are constant features, which correlate with nothing."
)
PROFILES = (
    "Over the warm rows. At the bounds: within 0.001 of −1 or 1, or of 0 or 1 for those that "
    "cannot be negative. A constant feature tells a model nothing on these data."
)


def build(title: str, about: str, found: Study, cautions: list[str]) -> str:
    """The page. `cautions`: what makes the numbers mean less than they seem to."""
    drawn: dict[str, dict[str, Any]] = {}
    parts = [
        page.numbers(headlines(found)),
        *(f'<p class="bad">{escape(text)}</p>' for text in [*cautions, *doubts(found)]),
        importance(found, drawn), together(found), matrix(found, drawn), profiles(found),
    ]  # fmt: skip
    return page.page(title, about, "\n".join(parts), drawn)


def headlines(found: Study) -> list[tuple[str, str]]:
    rows = [("Warm rows", shown(found.warm, "n"))]
    rows += [(f"Rows {name}", shown(int(n), "n")) for name, n in zip(CLASSES, found.counts,
             strict=True)]  # fmt: skip
    return [
        *rows,
        ("Log loss", number(found.before[0])),
        ("Log loss, constant", number(found.constant_log_loss)),
        ("Balanced accuracy", shown(float(found.before[1]), "%")),
        ("Balanced, chance", shown(1 / 3, "%")),
        ("Constant features", shown(len(found.constant), "n")),
        (f"Pairs over {STRONG}", shown(len(found.pairs), "n")),
    ]


def doubts(found: Study) -> list[str]:
    told = zip(CLASSES, found.counts.tolist(), strict=True)
    few = " and ".join(f"{n} {name}" for name, n in told if n < FEW)
    words = [f"Only {few} among the rows: balanced accuracy hangs on each of them."] if few else []
    if found.before[1] <= 1 / 3:
        words.append("The model is no better than chance here: its importances mean little.")
    if found.before[0] > found.constant_log_loss:
        words.append(
            "The log loss is worse than that of a constant that knows the shares of the classes, "
            "as it is of a model that was taught to weigh rare classes like frequent ones. By it, "
            "importance tells what moves the answers more than what makes them right."
        )
    return words


def importance(found: Study, drawn: dict[str, dict[str, Any]]) -> str:
    plots = [
        f"<figure><figcaption>{caption}</figcaption>"
        f"{add(drawn, name, bars(found, place), 'huge')}</figure>"
        for place, (name, caption) in enumerate(
            zip(LOSSES, ("Log loss, nats more", "Balanced accuracy, less"), strict=True)
        )
    ]
    words = IMPORTANCE.format(repeats=found.alone.shape[1])
    return page.section("Importance", words, f'<div class="pair">{"".join(plots)}</div>')


def bars(found: Study, place: int) -> Figure:
    """Every feature with its mean and deviation, first what counts most for the log loss."""
    order = ranked(found)
    worse = found.alone[order, :, place]
    dots = {
        "type": "scatter", "mode": "markers", "y": [NAMES[column] for column in order],
        "x": plain(worse.mean(axis=1)), "marker": {"color": "line", "size": 7},
        "error_x": {"type": "data", "array": plain(worse.std(axis=1, ddof=1)), "width": 0},
        "hovertemplate": "%{y}: %{x:.4f} ± %{error_x.array:.4f}<extra></extra>",
    }  # fmt: skip
    names = {"type": "category", "dtick": 1, "tickfont": {"size": 11},
             "range": [len(order) - 0.4, -0.6]}  # fmt: skip
    axis = {"tickformat": "~%" if place else "~f", "side": "top"}
    zero = {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "layer": "below",
            "line": {"color": "faint", "width": 1}}  # fmt: skip
    return {"traces": [dots], "layout": {"yaxis": names, "xaxis": axis, "shapes": [zero]}}


def ranked(found: Study) -> list[int]:
    order: list[int] = np.argsort(-found.alone[:, :, 0].mean(axis=1), kind="stable").tolist()
    return order


def together(found: Study) -> str:
    words = GROUPS.format(strong=STRONG)
    if not found.groups:
        return page.section("Groups", words, '<p class="quiet">No pair is that strong.</p>')
    means = found.together[:, :, 0].mean(axis=1)
    rows = [
        [
            ", ".join(NAMES[column] for column in found.groups[place]),
            *(spread(found.together[place, :, loss]) for loss in range(2)),
            number(found.alone[found.groups[place], :, 0].mean(axis=1).max()),
        ]
        for place in np.argsort(-means, kind="stable")
    ]
    heads = ["shuffled together", "log loss more", "balanced accuracy less",
             "log loss, strongest alone"]  # fmt: skip
    return page.section("Groups", words, page.table(heads, rows))


def matrix(found: Study, drawn: dict[str, dict[str, Any]]) -> str:
    rows = [
        [f"{NAMES[a]}, {NAMES[b]}", number(found.pearson[a, b]), number(found.spearman[a, b])]
        for a, b in found.pairs
    ]
    figure = f'<div class="wide">{add(drawn, "correlation", heat(found), "huge square")}</div>'
    heads = [f"pairs over {STRONG}", "Pearson", "Spearman"]
    return page.section("Correlation", MATRIX, figure, page.table(heads, rows))


def heat(found: Study) -> Figure:
    both = np.triu(found.pearson, 1) + np.tril(found.spearman)
    cells = {
        "type": "heatmap", "x": list(NAMES), "y": list(NAMES), "z": plain(both, 3), "zmin": -1,
        "zmax": 1, "colorscale": "diverging", "xgap": 1, "ygap": 1, "hoverongaps": False,
        "colorbar": {"thickness": 10, "tickformat": ".1f"},
        "customdata": plain(np.stack([found.pearson, found.spearman], axis=-1), 3),
        "hovertemplate": "%{y}, %{x}<br>Pearson %{customdata[0]:.3f}, "
                         "Spearman %{customdata[1]:.3f}<extra></extra>",
    }  # fmt: skip
    axis = {"type": "category", "dtick": 1, "tickfont": {"size": 10}, "showgrid": False}
    return {"traces": [cells], "layout": {
        "xaxis": axis | {"tickangle": -90}, "yaxis": axis | {"autorange": "reversed"}}}  # fmt: skip


def profiles(found: Study) -> str:
    heads = ["feature", "mean", "sd", "at bounds", "1 %", "50 %", "99 %", "log loss more",
             "balanced accuracy less"]  # fmt: skip
    rows = []
    for column, name in enumerate(NAMES):
        values = [number(value) for value in found.profile[column]]
        values[PROFILE.index("at_bounds")] = shown(float(found.profile[column, 2]), "%")
        worse = [spread(found.alone[column, :, loss]) for loss in range(2)]
        told = f"{name} (constant)" if column in found.constant else name
        rows.append([told, *values, *worse])
    return page.section("Each feature", PROFILES, page.table(heads, rows))


def number(value: float, digits: int = 3) -> str:
    """Never a minus before nothing but zeros."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def spread(worse: np.ndarray) -> str:
    return f"{number(worse.mean(), 4)} ± {number(worse.std(ddof=1), 4)}"


def plain(values: Any, digits: int = DIGITS) -> Any:
    """Lists as JSON has them: rounded, None for NaN."""
    rounded = np.asarray(np.round(values, digits) + 0.0)
    found = rounded.astype(object)
    found[np.isnan(rounded)] = None
    return found.tolist()


def summary(found: Study) -> dict[str, Any]:
    """All numbers of the page, for JSON."""
    return {
        "warm": found.warm,
        "counts": dict(zip(CLASSES, found.counts.tolist(), strict=True)),
        "before": dict(zip(LOSSES, plain(found.before), strict=True)),
        "constant_log_loss": round(found.constant_log_loss, DIGITS),
        "constant": [NAMES[column] for column in found.constant],
        "pairs": [
            {"features": [NAMES[a], NAMES[b]], "pearson": plain(found.pearson[a, b]),
             "spearman": plain(found.spearman[a, b])}
            for a, b in found.pairs
        ],
        "groups": [
            {"features": [NAMES[column] for column in members], **losses(worse)}
            for members, worse in zip(found.groups, found.together, strict=True)
        ],
        "features": {
            name: dict(zip(PROFILE, plain(found.profile[column]), strict=True))
            | losses(found.alone[column])
            for column, name in enumerate(NAMES)
        },
        "correlation": {
            "names": list(NAMES), "pearson": plain(found.pearson),
            "spearman": plain(found.spearman),
        },
    }  # fmt: skip


def losses(worse: np.ndarray) -> dict[str, dict[str, float]]:
    """Of (repeats, 2)."""
    return {
        name: {"mean": plain(worse[:, place].mean()), "sd": plain(worse[:, place].std(ddof=1))}
        for place, name in enumerate(LOSSES)
    }
