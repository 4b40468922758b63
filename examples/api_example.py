"""How is a project run from Python? Open this as a notebook, or run it: ``python api_example.py project.yaml``."""

# %% [markdown]
# # A recast clip, from Python
# What the command line does with a project are functions of `understudy`. Nothing is printed and nothing asked: what
# happens is told to a function of yours, and what goes wrong is raised.

# %%
import sys
from pathlib import Path

import understudy

PROJECT = Path(sys.argv[1] if len(sys.argv) > 1 else "project.yaml")

# %% [markdown]
# ## Check
# Problems come as text, each with its place: nothing heavy is loaded yet, and no footage read.

# %%
problems = understudy.check(PROJECT)
for problem in problems:
    print(problem)

# %% [markdown]
# `load` gives the checked project. Values can be changed for this time, as with `--set` on the command line.

# %%
project = understudy.load(PROJECT, set={"output.path": "out/from-python.mkv"})
print(f"{project.name}: {len(project.swaps)} swap(s), results go to {project.work.name}")

# %% [markdown]
# ## Run, and listen
# `on_event` is called in this thread, with one value for each thing that happens.

# %%
previews = []


def show(event: understudy.Event) -> None:
    """Print what a person wants to read, and keep the previews; a notebook would display them."""
    match event:
        case understudy.PhaseStarted(phase, total, unit, done):
            print(f"{phase}: {done} of {total} {unit} are there")
        case understudy.PreviewWritten(path, step):
            previews.append(path)
            print(f"  step {step}: see {path.name}")
        case understudy.PhaseFinished(phase):
            print(f"{phase}: done")
        case understudy.Message(text):
            print(f"  {text}")


# %% [markdown]
# ## Stop, and go on
# A `Cancel` can be set from anywhere: a button, another thread, or, as here, the listener. The work done is kept.

# %%
cancel = understudy.Cancel()


def stop_soon(event: understudy.Event) -> None:
    """Stop once a few units of work are done."""
    show(event)
    if isinstance(event, understudy.Progressed) and event.done >= 5:
        cancel.set()


try:
    understudy.run(project, on_event=stop_soon, cancel=cancel)
except understudy.Cancelled as stopped:
    print(stopped)

# %% [markdown]
# The same call goes on from there.

# %%
try:
    result = understudy.run(project, on_event=show)
except understudy.UnderstudyError as error:  # what is wrong, and what to do next
    sys.exit(str(error))
print("recast:", *result.outputs)

# %% [markdown]
# ## Look

# %%
for row in understudy.status(project):
    print(f"{row.phase:8} {row.name:24} {row.state:8} {row.done}/{row.total}")

figures = understudy.report_figures(project)
for faceset in figures.facesets:
    for clip in faceset.clips:
        print(f"{clip.name}: {clip.faces} faces in {clip.frames} frames")
print("page:", understudy.write_report(project))

# %% [markdown]
# ## Tidy up
# What the project no longer uses; nothing is deleted before `clean` is called.

# %%
plan = understudy.clean_plan(project)
print(f"{sum(garbage.bytes for garbage in plan) / 1e6:.1f} MB could be freed by understudy.clean(project, plan)")
