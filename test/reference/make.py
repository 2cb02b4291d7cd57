#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make.py - what scikit-learn gives on the built-in digits: the figures that test/contract.bats holds poison to

usage: test/reference/make.py [CASE ...]      from the repository's root, with ./poison built and Debian's python3-sklearn

Rewrites cases.tsv and subproblems.tsv beside this file (all cases), or prints the named cases only. The data come from
`poison data --export`, labels after the flips. Hashes are SHA-256 of the tables that `poison support` and
`poison predictions` must print; figures only are kept, no images.
"""
import hashlib
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
from sklearn.svm import SVC

HERE = os.path.dirname(os.path.abspath(__file__))

# name, what it sees, poison's options
CASES = [
    ("lab", "the lab's last dose", "--flip 1:2:100"),
    ("small", "few rows, classes of very different size", "--train 120 --test 300 --flip 3:4:5"),
    ("a_shrink", "(a) l < 1000, more iterations than l", "--train 1500 --test 300 --cost 1000 --gamma 1e-8"),
    ("b_large", "(b) l > 1000, more than 3000 iterations", "--train 5500 --test 100 --cost 100000 --gamma 1e-9 --flip 1:2:200"),
    ("c_unshrink", "(c) un-shrinking, then more steps", "--train 1500 --test 300 --cost 100000 --gamma 1e-9 --tolerance 1e-4"),
    ("noisy", "shrinking under label noise", "--train 1500 --test 300 --cost 10 --gamma 3e-7 --flip 1:2:50 --flip 3:8:40 --flip 5:6:60"),
    ("emptied", "a class emptied by flips: nine classes", "--flip 1:2:192"),
    ("two", "two classes: one machine", "--train 400 --test 200 " + "EVEN_ODD"),
    ("loose", "a loose tolerance, auto gamma: kernel values vanish, ties abound", "--train 600 --test 200 --gamma auto --tolerance 0.1"),
]


def run(*words):
    return subprocess.run(["./poison", *words, "--data", "synthetic"], check=True, capture_output=True, text=True).stdout


def even_odd(train):
    """Flips that leave the labels 0 and 1 only."""
    lines = run("counts", "--train", train).splitlines()[1:]
    count = {int(l.split("\t")[0]): l.split("\t")[1] for l in lines}
    return " ".join(f"--flip {d}:{d % 2}:{count[d]}" for d in range(2, 10))


def idx(path):
    with open(path, "rb") as f:
        magic = f.read(4)
        shape = struct.unpack(">" + "I" * magic[3], f.read(4 * magic[3]))
        return np.frombuffer(f.read(), np.uint8).reshape(shape)


def value(words, name, default):
    return words[words.index(name) + 1] if name in words else default


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def solve(options):
    """scikit-learn's model of a case: (subproblem rows, support table, prediction table)"""
    words = options.split()
    with tempfile.TemporaryDirectory() as folder:
        run("data", *[w for k, w in enumerate(words) if not is_setting(words, k)], "--export", folder)
        x = idx(folder + "/train-images-idx3-ubyte")
        y = idx(folder + "/train-labels-idx1-ubyte").astype(int)
        z = idx(folder + "/t10k-images-idx3-ubyte")
        truth = idx(folder + "/t10k-labels-idx1-ubyte")
    gamma = value(words, "--gamma", "scale")
    C = float(value(words, "--cost", 1))
    svc = SVC(C=C, gamma=gamma if gamma in ("scale", "auto") else float(gamma),
              tol=float(value(words, "--tolerance", 1e-3)), cache_size=2000)
    svc.fit(x.reshape(len(x), -1).astype(np.float64), y)
    predicted = svc.predict(z.reshape(len(z), -1).astype(np.float64))
    classes, coef, support = svc.classes_, svc._dual_coef_, svc.support_
    rows, p = [], 0
    for a in range(len(classes)):
        for b in range(a + 1, len(classes)):
            alpha = np.concatenate([coef[b - 1][y[support] == classes[a]], -coef[a][y[support] == classes[b]]])
            rows.append((classes[a], classes[b], svc.n_iter_[p], np.sum(alpha > 0), np.sum(alpha >= C), svc._intercept_[p]))
            p += 1
    table = "row\tlabel\t" + "\t".join(f"coef{k}" for k in range(len(classes) - 1)) + "\n"
    for k, row in enumerate(support):
        table += f"{row}\t{y[row]}\t" + "\t".join("%.17g" % c for c in coef[:, k]) + "\n"
    predictions = "Correct\tPredicted\n" + "".join(f"{t}\t{q}\n" for t, q in zip(truth, predicted))
    return rows, table, predictions


def is_setting(words, k):
    """Words that `poison data` does not need, since they alter the model only."""
    names = ("--cost", "--gamma", "--tolerance")
    return words[k] in names or (k > 0 and words[k - 1] in names)


def main(names):
    cases = "case\toptions\tsupport_rows\tsupport_sha256\tpredictions_sha256\tsees\n"
    subproblems = "case\ti\tj\titerations\tsv\tbounded\tintercept\n"
    for name, sees, options in CASES:
        if names and name not in names:
            continue
        options = options.replace("EVEN_ODD", even_odd("400"))
        rows, support, predictions = solve(options)
        cases += "\t".join([name, options, str(support.count("\n") - 1), sha(support), sha(predictions), sees]) + "\n"
        for r in rows:
            subproblems += name + "\t" + "\t".join(str(v) for v in r[:5]) + "\t%.17g\n" % r[5]
        print(f"{name}: {sum(r[2] for r in rows)} iterations", file=sys.stderr)
    if names:
        sys.stdout.write(cases + subproblems)
        return
    for file, text in (("cases.tsv", cases), ("subproblems.tsv", subproblems)):
        with open(os.path.join(HERE, file), "w") as f:
            f.write(text)


main(sys.argv[1:])
