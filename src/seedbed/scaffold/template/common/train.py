"""Train this project from Python: ``python train.py -c config.json``.

The same as ``seedbed train -c config.json``; change it freely. Values of the config can be set behind the flags:
``python train.py -c config.json trainer.epochs=3``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import seedbed as sb
from seedbed.result import Options


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-c", "--config", default=Path(__file__).with_name("config.json"), help="config file")
    parser.add_argument("-r", "--resume", default="auto", help="auto, never, or a run to go on with")
    parser.add_argument("-d", "--device", help="cpu, cuda, or numbers of GPUs")
    parser.add_argument("--lr", "--learning_rate", type=float, help="learning rate")
    parser.add_argument("--bs", "--batch_size", type=int, help="batch size")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="values of the config")
    args = parser.parse_intermixed_args()

    overrides = list(args.overrides)
    if args.lr is not None:
        overrides.append(f"optimizer.args.lr={args.lr}")
    if args.bs is not None:
        overrides.append(f"data.args.batch_size={args.bs}")
    if args.device is not None and args.device.replace(",", "").isdigit():
        os.environ["CUDA_VISIBLE_DEVICES"] = args.device
    elif args.device is not None:
        overrides.append(f"trainer.device={args.device}")

    try:
        result = sb.train(args.config, overrides, Options(resume=args.resume, command=sys.argv))
    except sb.SeedbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{result.status}: {result.run}")
    return 130 if result.status == "interrupted" else 0


if __name__ == "__main__":
    sys.exit(main())
