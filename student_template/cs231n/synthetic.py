"""Made-up images in the shape of CIFAR-10, and as hard, for when the real ones are not at hand.

Ten classes of shapes (disk, ring, square, frame, triangle, cross, horizontal stripes, vertical
stripes, checker, blobs), each drawn near the middle over a cloudy background. What a net gets right
of 5,000 of them is about what it gets right of 49,000 real images with the same settings, in a
tenth of the steps. Four things are like in CIFAR-10, since accuracies depend on them:

- Classes that are taken for each other, as cats and dogs are. Each class has a sibling (disk and
  ring, square and frame, ...), and each picture shows some of both. In three of eight the sibling
  prevails: no net gets much more than 60 % right, and the best settings of a course reach 50 to 55.
- Neighbouring pixels that are alike. Clouds are strong and smooth, grain is weak, so that a few
  patterns hold most of the variance, and a learning rate that suits real images suits these.
- A colour that leans to the class, as sky does to ships: a linear classifier finds that much.
- Shapes that are darker than their background or lighter, each in a colour of its own: those take
  a network. Place, size and angle hardly vary; what varies more takes more images to learn.

`python -m benchmarks images` shows what settings reach here and, with --data, on real images.

The same seed gives the same bytes on every machine and with every NumPy. Only operations whose
result IEEE 754 fixes are used: the uniform generator of RandomState, + - * / and sqrt, floor,
comparisons. No sin, exp, sums or matrix products, whose last digits depend on the library. Even a
rotation needs none: for any t, ((1 - t^2) / (1 + t^2), 2t / (1 + t^2)) is a point on the circle.

Images come in chunks of CHUNK, each with a random stream of its own, so that asking for more images
changes none of the earlier ones. Finished chunks are kept in a cache folder.
"""

import os
import tempfile

import numpy as np

VERSION = 2  # part of the cache folder's name: raise it whenever a byte of an image changes
CHUNK = 500
SPLITS = ("train", "val", "test")
CLASSES = ("disk", "ring", "square", "frame", "triangle", "cross", "rows", "columns", "checker",
           "blobs")  # fmt: skip
SHARE = 0.8  # a picture has less than this of its sibling, before GAP
GAP = 0.15  # how far that is moved away from a half, so that one of the two shapes prevails
FLIP = 0.25  # share of shapes darker than their background
COLOUR = 0.45  # how far a picture leans to the colour of its class
CAST = 0.2  # largest random colour cast of the background
TINT = 0.4  # largest random colour cast of the shape
JITTER = 0.07  # largest shift from the middle, in half image widths
BACKGROUND = 0.5  # strength of the clouds
OCTAVE = 0.4  # strength of each octave of the clouds, in that of the one before
ROTATION = 0.04  # largest tangent of half the angle
NOISE = 0.05  # strength of the grain
CONTRAST = (0.25, 0.6)  # shape against background
SCALE = (0.7, 0.9)  # half size of a shape, in half image widths


def synthetic_images(num_images, split="train", seed=231):
    """Return the first num_images of a split, from the cache folder or newly drawn.

    - num_images: how many; every CHUNK of them has the same number of each class
    - split: 'train', 'val' or 'test': three streams that share no image
    - seed: 0 to 2^32 - 1

    Returns a tuple:
    - images: uint8, shape (num_images, 3, 32, 32), channels red, green, blue
    - labels: int64 in 0..9, the index in CLASSES, shape (num_images,)
    """
    chunks = [_chunk(seed, split, i) for i in range((num_images + CHUNK - 1) // CHUNK)]
    images = [images for images, _ in chunks] or [np.zeros((0, 3, 32, 32), dtype=np.uint8)]
    labels = [labels for _, labels in chunks] or [np.zeros(0, dtype=np.int64)]
    return np.concatenate(images)[:num_images], np.concatenate(labels)[:num_images]


def _chunk(seed, split, number):
    """Return chunk `number` of a split: images (CHUNK, 3, 32, 32) and labels (CHUNK,)."""
    rng = np.random.RandomState([seed, SPLITS.index(split), number])
    labels = np.argsort(rng.random_sample(CHUNK), kind="stable") % len(CLASSES)
    path = _cache_path(seed, split, number)
    images = _read(path)
    if images is None:
        images = draw(labels, rng)
        _write(path, images)
    return images, labels.astype(np.int64)


def draw(labels, rng):
    """Draw one image for each label. Returns uint8, shape (len(labels), 3, 32, 32)."""
    n = len(labels)

    def uniform(low, high, *shape):
        return low + (high - low) * rng.random_sample((n, *shape))

    share = _share(uniform(0, SHARE, 1))
    scale = uniform(*SCALE, 1, 1)
    u, v = _placed(uniform(-JITTER, JITTER, 2), uniform(-ROTATION, ROTATION, 1, 1), scale)
    sibling = labels ^ 1
    shape = _mixed(_mask(labels, u, v, scale), _mask(sibling, u, v, scale), share[:, :, None])
    colour = _mixed(_palette()[labels], _palette()[sibling], share)

    sign = np.where(uniform(0, 1, 1, 1, 1) < FLIP, -1.0, 1.0)
    contrast = sign * uniform(*CONTRAST, 1, 1, 1) + TINT * uniform(-1, 1, 3, 1, 1)
    ground = 0.45 + CAST * uniform(-1, 1, 3, 1, 1) + BACKGROUND * _clouds(uniform)
    ground = ground + COLOUR * (colour - 0.5)[:, :, None, None]
    picture = ground + shape[:, None] * contrast + NOISE * uniform(-1, 1, 3, 32, 32)
    return np.floor(np.minimum(255.0, np.maximum(0.0, 255 * picture)) + 0.5).astype(np.uint8)


def _share(drawn):
    """Return how much of its sibling a picture has: what was drawn, moved away from a half."""
    moved = np.where(drawn < 0.5, drawn - GAP, drawn + GAP)
    return np.minimum(1.0, np.maximum(0.0, moved))


def _mixed(own, sibling, share):
    return (1 - share) * own + share * sibling


def _mask(labels, u, v, scale):
    """Return where the shapes are, (n, 32, 32): 0 outside, 1 inside, soft by a pixel."""
    return np.minimum(1.0, np.maximum(0.0, 0.5 + 16 * scale * _inside(labels, u, v)))


def _placed(shift, half_tangent, scale):
    """Return coordinates u, v (n, 32, 32) in which the shape fills about -1..1."""
    line = (np.arange(32) - 15.5) / 16
    x = line[None, None, :] - shift[:, 0, None, None]
    y = line[None, :, None] - shift[:, 1, None, None]
    square = half_tangent * half_tangent
    cos, sin = (1 - square) / (1 + square), 2 * half_tangent / (1 + square)
    return (cos * x + sin * y) / scale, (cos * y - sin * x) / scale


def _inside(labels, u, v):
    """Return, for every pixel, how deep it lies inside its shape (negative outside)."""
    depth = np.empty_like(u)
    shapes = (_disk, _ring, _square, _frame, _triangle, _cross, _rows, _columns, _checker, _blobs)
    for label, shape in enumerate(shapes):
        chosen = labels == label
        depth[chosen] = shape(u[chosen], v[chosen])
    return depth


def _disk(u, v):
    return 0.9 - np.sqrt(u * u + v * v)


def _ring(u, v):
    return 0.2 - np.abs(np.sqrt(u * u + v * v) - 0.75)


def _square(u, v):
    return 0.8 - np.maximum(np.abs(u), np.abs(v))


def _frame(u, v):
    return 0.2 - np.abs(np.maximum(np.abs(u), np.abs(v)) - 0.7)


def _triangle(u, v):
    return np.minimum(0.8 - v, (v + 1 - 1.8 * np.abs(u)) / 2)


def _cross(u, v):
    a, b = np.abs(u), np.abs(v)
    return np.minimum(0.3 - np.minimum(a, b), 0.95 - np.maximum(a, b))


def _wave(t):
    """Return a triangle wave of t: period 2/3, between -1/6 and 1/6."""
    phase = 1.5 * t - np.floor(1.5 * t)
    return (0.25 - np.abs(phase - 0.5)) / 1.5


def _rows(u, v):
    return np.minimum(_wave(v), 0.95 - np.maximum(np.abs(u), np.abs(v)))


def _columns(u, v):
    return _rows(v, u)


def _checker(u, v):
    return np.minimum(6 * _wave(u) * _wave(v), 0.95 - np.maximum(np.abs(u), np.abs(v)))


def _blobs(u, v):
    centres = ((-0.5, -0.45), (0.5, -0.3), (-0.05, 0.55))
    depths = [np.sqrt((u - a) * (u - a) + (v - b) * (v - b)) for a, b in centres]
    return 0.38 - np.minimum(np.minimum(depths[0], depths[1]), depths[2])


def _palette():
    """Return the colour that each class leans to: red, green, blue in 0..1, shape (10, 3)."""
    return np.array([
        (0.9, 0.3, 0.3), (0.3, 0.9, 0.3), (0.3, 0.3, 0.9), (0.8, 0.8, 0.2), (0.2, 0.8, 0.8),
        (0.8, 0.2, 0.8), (0.7, 0.5, 0.3), (0.3, 0.5, 0.7), (0.6, 0.6, 0.6), (0.4, 0.4, 0.4),
    ])  # fmt: skip


def _clouds(uniform):
    """Return smooth noise (n, 3, 32, 32): each octave twice as fine, and weaker."""
    clouds, strength = uniform(-1, 1, 3, 4, 4), OCTAVE
    while clouds.shape[-1] < 32:
        clouds = _doubled(_doubled(clouds, axis=2), axis=3)
        clouds = clouds + strength * uniform(-1, 1, *clouds.shape[1:])
        strength = strength * OCTAVE
    return clouds


def _doubled(a, axis):
    """Return a with twice the points along an axis: the new ones halfway between neighbours."""
    between = (a + np.roll(a, -1, axis=axis)) / 2
    shape = list(a.shape)
    shape[axis] *= 2
    return np.stack([a, between], axis=axis + 1).reshape(shape)


def _cache_path(seed, split, number):
    """Return where a chunk is kept, or None if there is no place for caches."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(root):
        return None
    return os.path.join(root, "backgrade", f"synthetic-{VERSION}", f"{seed}-{split}-{number}.npy")


def _read(path):
    """Return a chunk's images from the cache, or None if they are not there whole."""
    try:
        images = None if path is None else np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        return None
    return images if images.shape == (CHUNK, 3, 32, 32) else None


def _write(path, images):
    """Put images into the cache in one move, so that no reader sees half a file. May do nothing."""
    if path is None:
        return
    temporary = None
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.save(file, images, allow_pickle=False)
        os.replace(temporary, path)
    except OSError:  # a full or read-only disk costs time at the next start, nothing else
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
