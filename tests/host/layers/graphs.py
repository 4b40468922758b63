"""ffmpeg's graphs that lay a layer over its clip, and libavfilter to run them by, which comes with PyAV."""

from __future__ import annotations

import re
from fractions import Fraction

import av

from understudy.video.planes import layout_of, samples

ROUNDED = "y=round(val/{0})*{0}:u=round(val/{0})*{0}:v=round(val/{0})*{0}"

OVERLAY = (
    f"[1]format=yuva444p16,lutyuv={ROUNDED.format(256)}:a=round(val/256)*256,"
    "scale=flags=neighbor,format=yuvaFORMp[l];[0][l]overlay=format=yuvFORM"
)
"""For clips of 8 bits, ``FORM`` being 420 or 444: the layer is rounded before it is cut to 8 bits."""

MASKED_MERGE = (
    "[0]format=yuvFORMp16[c];[1]format=yuva444p16,split[f][a];[f]scale=flags=neighbor,format=yuvFORMp16[face];"
    "[a]alphaextract,setparams=range=tv,setsar=1,split=3[y][u][v];"
    "[u]scale=iw/2:ih/DOWN:flags=area:in_range=tv:out_range=tv,setsar=1[u2];[v]scale=iw/2:ih/DOWN:flags=area:in_range=tv:out_range=tv,setsar=1[v2];"
    "[y][u2][v2]mergeplanes=0x001020:yuvFORMp16[m];"
    f"[c][face][m]maskedmerge,lutyuv={ROUNDED.format('STEP')},format=yuvFORMpBITS"
)
"""In 16 bits: ``FORM`` is 420 with ``DOWN`` 2, or 422 with 1; ``BITS`` are 10 with ``STEP`` 64, or none with 256."""

RGB_OVERLAY = "[0]format=gbrp[c];[1]scale=sws_dither=none,format=gbrap[l];[c][l]overlay=format=gbrp,format=bgr0"
"""For RGB clips of 8 bits and pictures."""


def masked_merge(pixel_format):
    """Return the graph for a clip's pixel format, such as ``yuv422p10le``."""
    form, bits = pixel_format[3:6], pixel_format[7:].removesuffix("le")
    facts = {"FORM": form, "DOWN": "2" if form == "420" else "1", "BITS": bits, "STEP": "64" if bits else "256"}
    graph = MASKED_MERGE
    for name, value in facts.items():
        graph = graph.replace(name, value)
    return graph


def composite(graph, clip, layer):
    """Run a graph for a clip and its layer, each a list of frames, and return the planes of every frame."""
    runner, ends, sink = _built(graph, [clip[0], layer[0]])
    found = []
    for number, pair in enumerate(zip(clip, layer, strict=True)):
        for end, frame in zip(ends, pair, strict=True):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            end.push(frame)
        found += _ready(sink)
    for end in ends:
        end.push(None)
    found += _ready(sink)
    assert runner.configured
    assert len(found) == len(clip)
    return found


def frames_of(path):
    """Return the frames of a movie, or of a folder's pictures."""
    paths = sorted(path.glob("*[0-9].*")) if path.is_dir() else [path]
    found = []
    for one in paths:
        with av.open(str(one)) as container:
            found += container.decode(video=0)
    return found


def _built(graph, firsts):
    """Link a graph as it is written for ffmpeg: ``[0]scale=...,format=...[a];[a][1]overlay``."""
    runner = av.filter.Graph()
    ends = [runner.add("buffer", _told(frame)) for frame in firsts]
    open_ends = {str(number): (end, 0) for number, end in enumerate(ends)}
    for chain in graph.split(";"):
        inputs, filters, outputs = re.fullmatch(r"((?:\[\w+\])*)(.*?)((?:\[\w+\])*)", chain).groups()
        sources = [open_ends.pop(name) for name in re.findall(r"\w+", inputs)]
        for text in filters.split(","):
            name, _, options = text.partition("=")
            node = runner.add(name, options or None)
            for place, (source, pad) in enumerate(sources):
                source.link_to(node, pad, place)
            sources = [(node, 0)]
        for pad, name in enumerate(re.findall(r"\w+", outputs)):
            open_ends[name] = (node, pad)
    assert not open_ends
    sink = runner.add("buffersink")
    node.link_to(sink)
    runner.configure()
    return runner, ends, sink


def _told(frame):
    space = {"rgb": "gbr", "bgr": "gbr", "gbr": "gbr"}.get(frame.format.name[:3], "bt709")
    span = "pc" if space == "gbr" else "tv"
    return (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/25"
        f":range={span}:colorspace={space}"
    )


def _ready(sink):
    """Return the planes of the frames that a graph has made by now."""
    found = []
    while True:
        try:
            frame = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        layout = layout_of(frame.format.name)
        found.append([samples(frame, layout, channel).astype(float) for channel in range(len(layout.channels))])
