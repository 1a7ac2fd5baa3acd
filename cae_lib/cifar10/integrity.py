"""Whether a folder holds CIFAR-10 as it is, by the names and MD5 sums that torchvision knows; and what to do if not."""

import hashlib
import os
from pathlib import Path


def torchvision_cifar10():
    """torchvision's class, which knows all names and checksums."""
    from torchvision.datasets import CIFAR10  # a slow import, needed only here

    return CIFAR10


def faults(folder: Path, dataset=None) -> dict[str, str]:
    """CIFAR-10's files in a folder that cannot be used: name -> "missing", "unreadable" or "altered" (by MD5 sum)."""
    dataset = dataset or torchvision_cifar10()
    files = dict(dataset.train_list + dataset.test_list) | {dataset.meta["filename"]: dataset.meta["md5"]}
    found = {}
    for name, md5 in files.items():
        try:
            if md5sum(Path(folder) / name) != md5:
                found[name] = "altered"
        except (FileNotFoundError, NotADirectoryError):
            found[name] = "missing"
        except OSError:
            found[name] = "unreadable"
    return found


def damaged_files(folder: Path, dataset=None) -> list[str]:
    """Names of CIFAR-10's files that are missing from the folder, unreadable or altered."""
    return list(faults(folder, dataset))


def advice(root: Path, dataset=None) -> str:
    """What is wrong with a folder that shall hold CIFAR-10, and the cure; "" if nothing is."""
    dataset = dataset or torchvision_cifar10()
    root = Path(root).expanduser().absolute()
    folder, archive = root / dataset.base_folder, root / dataset.filename
    if not os.path.lexists(folder):
        if root.name == dataset.base_folder or (root / dataset.train_list[0][0]).exists():
            return f"{root} is {dataset.base_folder} itself: set CAE_DATA to the folder around it, {root.parent}."
        if archive.exists():
            return f"{root} holds only the archive: unpack it there with `tar -xzf {dataset.filename}`."
        return (
            f"{root} holds no folder {dataset.base_folder}: set CAE_DATA to the directory that holds it, or to the "
            "word stand-in, or unset it to let the kit download CIFAR-10."
        )
    found = faults(folder, dataset)
    cures = {
        "unreadable": "may not be read by you: ask their owner for the right to read them",
        "missing": "are missing: put them there from the whole archive",
        "altered": "are not those of CIFAR-10 (by their MD5 sums): unpack the archive anew into another folder, and "
        "set CAE_DATA to that",
    }
    for kind, cure in cures.items():
        if names := ", ".join(name for name, fault in found.items() if fault == kind):
            return f"CIFAR-10's files {names} in {folder} {cure}, or set CAE_DATA=stand-in."
    return ""


def md5sum(path: Path) -> str:
    """The file's MD5 sum in hexadecimal. Raises OSError if it cannot be read."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
