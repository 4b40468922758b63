"""How does a model's learning use the machine: numbers, layout, memory, compiler, and other processes?

None of it but ``precision`` alters what is learnt, rounding apart: a batch in parts, or shared among processes, gives
the gradients of the whole one, as every loss is a sum over faces.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, ParamSpec, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from understudy_sdk.stages import Resources
from understudy_sdk.types import FaceBatch

from .settings import LearningSettings
from .state import choose_bfloat16

__all__ = ["Engine"]

P = ParamSpec("P")
R = TypeVar("R")
NetworkT = TypeVar("NetworkT", bound=nn.Module)

_BUCKET: Final = 1 << 24  # gradients added up over processes at a time: 64 MiB


class Engine:
    """What every learner does its work with.

    A step then goes: draw the whole batch, take this process's ``share``, prepare and learn its ``parts`` one after the
    other (sums of losses backward, gradients add up by themselves), ``gather`` the gradients, step the optimizer, and
    return ``mean_losses``.

    Attributes:
        device: Where the networks lie.
    """

    def __init__(self, settings: LearningSettings, resources: Resources) -> None:
        """Take the settings, and the device, threads and processes lent."""
        self.device = torch.device(resources.device)
        if self.device.type == "cpu":
            torch.set_num_threads(resources.threads)
        self._compiler = _Compiler()
        self._settings, self._parallel = settings, resources.parallel
        self._is_bfloat16 = choose_bfloat16(settings.precision, self.device)

    # -- the device --

    def autocast(self) -> torch.autocast:
        """Return the context in which networks compute: in bfloat16 where the settings and the device want it."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_bfloat16)

    def place(self, network: NetworkT) -> NetworkT:
        """Move a network to the device, its kernels in the layout of the settings, and return it."""
        network.to(self.device)
        if self._is_channels_last():
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs leave it out
        return network

    def _is_channels_last(self) -> bool:
        layout = self._settings.layout
        return self.device.type == "cuda" if layout == "auto" else layout == "channels_last"

    def compiled(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return a network, method or function in compiled form where the settings want it, else as it is.

        It is compiled when it is first called. Where that fails, all are called as they are from then on, and a remark
        says why. A network's weights keep their names.
        """
        return _Compiled(function, self._compiler) if self._settings.compile else function

    def recomputed(self, function: Callable[..., R], *arguments: Any) -> R:
        """Call a function; where the settings want it, its inner values are computed again for the gradients."""
        if not (self._settings.recompute and torch.is_grad_enabled()):
            return function(*arguments)
        result: R = checkpoint(function, *arguments, use_reentrant=False, preserve_rng_state=False)
        return result

    def remarks(self) -> list[str]:
        """Return what the user should read, and forget it: what a model's own ``remarks`` answers."""
        found, self._compiler.remarks = self._compiler.remarks, []
        return found

    # -- parts of a batch --

    def share(self, batch: FaceBatch) -> FaceBatch:
        """Return those faces of a draw that this process learns; all of them where it learns alone."""
        if self._parallel is None:
            return batch
        count = len(batch.rgb) // self._parallel.count
        return batch.part(self._parallel.rank * count, count)

    def parts(self, batch: FaceBatch) -> Iterator[FaceBatch]:
        """Yield a share in as many parts as the settings say, at most one for each face; equal shares alike."""
        faces = len(batch.rgb)
        count = min(self._settings.accumulate, faces)
        if count == 1:
            yield batch
            return
        edges = [faces * i // count for i in range(count + 1)]
        for first, last in itertools.pairwise(edges):
            yield batch.part(first, last - first)

    # -- other processes --

    def gather(self, parameters: Iterable[Tensor]) -> None:
        """Replace each gradient by its sum over all processes; parameters without gradient are left out."""
        if self._parallel is None:
            return
        for bucket in _buckets([parameter.grad for parameter in parameters if parameter.grad is not None]):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
            self._parallel.add_up([flat])
            for gradient, total in zip(
                bucket, torch.split(flat, [gradient.numel() for gradient in bucket]), strict=True
            ):
                gradient.copy_(total.view(gradient.shape))

    def mean_losses(self, losses: Mapping[str, Tensor], batch_size: int) -> dict[str, float]:
        """Return each loss's mean over a whole batch.

        Args:
            losses: By name, of the faces that this process learnt, (b,).
            batch_size: Faces of all processes.
        """
        sums = torch.stack([loss.detach().float().sum() for loss in losses.values()])
        if self._parallel is not None:
            self._parallel.add_up([sums])
        return dict(zip(losses, (sums / batch_size).tolist(), strict=True))


def _buckets(gradients: list[Tensor]) -> Iterator[list[Tensor]]:
    """Yield the gradients in groups of some size, in order."""
    bucket: list[Tensor] = []
    for gradient in gradients:
        if bucket and sum(other.numel() for other in bucket) + gradient.numel() > _BUCKET:
            yield bucket
            bucket = []
        bucket.append(gradient)
    if bucket:
        yield bucket


class _Compiler:
    """Whether torch can compile here.

    Attributes:
        works: Not known to fail.
        remarks: Why it fails, once.
    """

    def __init__(self) -> None:
        self.works, self.remarks = True, list[str]()

    def give_up(self, error: Exception) -> None:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        self.remarks.append(f"torch cannot compile the networks here, so it learns without: {reason}")
        self.works = False


class _Compiled(Generic[P, R]):
    """Calls a function in compiled form as long as that works."""

    def __init__(self, function: Callable[P, R], compiler: _Compiler) -> None:
        self._plain, self._compiler = function, compiler
        self._function: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._compiler.works:
            from torch._dynamo.exc import TorchDynamoException  # noqa: PLC0415 -- it brings the compiler

            try:
                return self._call(*args, **kwargs)
            except TorchDynamoException as error:  # what the networks themselves raise goes on as it came
                self._compiler.give_up(error)
        return self._plain(*args, **kwargs)

    def _call(self, *args: P.args, **kwargs: P.kwargs) -> R:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's about its own inner matters
            if self._function is None:
                self._function = torch.compile(self._plain)
            return self._function(*args, **kwargs)
