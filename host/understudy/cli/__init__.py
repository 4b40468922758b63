"""What can be asked for on the command line, and which exit code says how it went?

Nothing heavy is imported here or at the top of the commands' files: ``understudy --help`` must answer at once.
"""

from __future__ import annotations

import errno
import sys
from typing import Annotated, Final

import typer

from understudy import __version__

from . import comparing, diagnosis, encoding, exchanging, plugin_authoring, plugins, projects, running, verifying
from .faces import faces_app
from .faceset import faceset_app
from .masker import masker_app
from .model import model_app
from .weights import weights_app

__all__ = ["app", "main"]

INTERRUPTED: Final = 130

app = typer.Typer(
    no_args_is_help=True,
    help="Replace faces in footage with plugins you choose.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("new")(projects.new)
app.command("check")(projects.check)
app.command("run")(running.run)
app.command("extract")(running.extract)
app.command("train")(running.train)
app.command("merge")(running.merge)
app.command("status")(running.status)
app.command("report")(running.report)
app.command("compare")(comparing.compare)
app.command("clean")(running.clean)
faceset_app.command("import")(exchanging.import_faces_command)
faceset_app.command("export")(exchanging.export_faces_command)
app.add_typer(faceset_app, name="faceset")
app.add_typer(faces_app, name="faces")
app.add_typer(masker_app, name="masker")
app.add_typer(model_app, name="model")
plugins.plugins_app.command("new")(plugin_authoring.new_plugin)
plugins.plugins_app.command("check")(plugin_authoring.check_plugin)
app.add_typer(plugins.plugins_app, name="plugins")
app.add_typer(weights_app, name="weights")
app.command("verify")(verifying.verify)
app.command("encoders")(encoding.encoders)
app.command("doctor")(diagnosis.doctor)
app.command("demo")(running.demo)
app.command("schema")(projects.schema)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options that need no command."""


def main() -> None:
    """Run the command line; the one place where an error becomes an exit code.

    0 done; 1 failed; 2 the request or the project is wrong; 3 a weight file is missing or wrong; 4 a media file cannot
    be read or written; 130 interrupted, with the work saved. What is neither of these is a bug and keeps its traceback.
    """
    try:
        app()
    except SystemExit as stop:  # first, for it ends every command, and what stands below costs imports
        if stop.code == INTERRUPTED:  # which is what typer makes of KeyboardInterrupt
            typer.secho("interrupted: the work done is saved; the same command goes on from there", err=True)
        raise
    except _user_errors() as error:  # evaluated, and so imported, only once something has been raised
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(_exit_code(error))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        typer.secho("error: the disk is full\n  free some space and run the same again", fg="red", err=True)
        sys.exit(4)


def _user_errors() -> type[Exception]:
    from understudy_sdk.errors import UnderstudyError

    return UnderstudyError


def _exit_code(error: Exception) -> int:
    from understudy.errors import MediaError, RequestError, WeightsError
    from understudy_sdk.errors import MissingWeightsError, WrongWeightsError

    codes = ((RequestError, 2), (WeightsError, 3), (MissingWeightsError, 3), (WrongWeightsError, 3), (MediaError, 4))
    return next((code for kind, code in codes if isinstance(error, kind)), 1)
