#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make.py - what scikit-learn gives on the built-in digits: the figures that test/contract.bats holds poison to

usage: test/reference/make.py [CASE ...]      from the repository's root, with ./poison built and Debian's python3-sklearn

Rewrites cases.tsv and subproblems.tsv beside this file (all cases), or prints the named cases only; and words.csv (made by
numpy: decimals and labels that are words), words.tsv (what scikit-learn makes of it). The data come from
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
    ("linear", "the linear kernel, shrinking", "--train 1500 --test 300 --kernel-type linear --cost 1e-6 --tolerance 1e-4"),
    ("polynomial", "the polynomial, with weights", "--train 1500 --test 300 --kernel-type polynomial --degree 4 --coef0 1.5 "
     "--cost 0.01 --weight 1:3 --weight 7:0.25"),
    ("sigmoid", "the sigmoid, more iterations than l", "--train 1500 --test 300 --kernel-type sigmoid --coef0 -1 --cost 10"),
    ("weights", "rbf with weights, flips", "--train 1500 --test 300 --weight 1:4 --weight 2:0.5 --flip 1:2:80"),
    ("limited", "machines that end at 40 iterations", "--train 1500 --test 300 --max-iter 40 --quiet"),
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


def weights_of(words):
    """--weight LABEL:W ... as scikit-learn's class_weight, keys as `key` makes them"""
    pairs = [w.split(":") for k, w in enumerate(words) if k and words[k - 1] == "--weight"]
    return {(int(l) if l.isdigit() else l): float(w) for l, w in pairs} or None


def svc_of(words):
    gamma = value(words, "--gamma", "scale")
    kernel = value(words, "--kernel-type", "rbf")
    return SVC(C=float(value(words, "--cost", 1)), gamma=gamma if gamma in ("scale", "auto") else float(gamma),
               kernel={"polynomial": "poly"}.get(kernel, kernel), degree=int(value(words, "--degree", 3)),
               coef0=float(value(words, "--coef0", 0)), tol=float(value(words, "--tolerance", 1e-3)), cache_size=2000,
               class_weight=weights_of(words), max_iter=int(value(words, "--max-iter", -1)))


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
    svc = svc_of(words)
    svc.fit(x.reshape(len(x), -1).astype(np.float64), y)
    predicted = svc.predict(z.reshape(len(z), -1).astype(np.float64))
    classes, coef, support = svc.classes_, svc._dual_coef_, svc.support_
    rows, p = [], 0
    for a in range(len(classes)):
        for b in range(a + 1, len(classes)):
            alpha = np.concatenate([coef[b - 1][y[support] == classes[a]], -coef[a][y[support] == classes[b]]])
            limit = svc.C * np.array([(weights_of(words) or {}).get(v, 1) for c in (a, b)
                                      for v in y[support][y[support] == classes[c]]])
            rows.append((classes[a], classes[b], svc.n_iter_[p], np.sum(alpha > 0), np.sum(alpha >= limit),
                         svc._intercept_[p]))
            p += 1
    table = "row\tlabel\t" + "\t".join(f"coef{k}" for k in range(len(classes) - 1)) + "\n"
    for k, row in enumerate(support):
        table += f"{row}\t{y[row]}\t" + "\t".join("%.17g" % c for c in coef[:, k]) + "\n"
    predictions = "Correct\tPredicted\n" + "".join(f"{t}\t{q}\n" for t, q in zip(truth, predicted))
    return rows, table, predictions


def is_setting(words, k):
    """Words that `poison data` does not need, since they alter the model only."""
    names = ("--cost", "--gamma", "--tolerance", "--kernel-type", "--degree", "--coef0", "--weight", "--max-iter", "--quiet")
    return words[k] in names or (k > 0 and words[k - 1] in names and words[k - 1] != "--quiet")


# ---- decimals, and labels that are words ----

WORDS = [
    ("rbf", "--cost 1"),
    ("linear", "--kernel-type linear --cost 2"),
    ("polynomial", "--kernel-type polynomial --degree 2 --coef0 0.5"),
    ("sigmoid", "--kernel-type sigmoid --gamma 0.05 --coef0 -0.2"),
    ("weights", "--weight virginica:5 --weight setosa:0.5 --cost 10"),
    ("long", "--cost 10000 --gamma auto --tolerance 1e-5"),
]


def make_words():
    """Three overlapping clouds, 180 rows: 130 to train, 50 to test."""
    rng = np.random.default_rng(7)
    names = np.array(["setosa", "virginica", "versicolor, pale"])
    label = rng.integers(0, 3, 180)
    x = np.round(rng.normal(0, 1, (180, 4)) * [1, 3, 0.5, 10] + label[:, None] * [1.5, 2, -0.4, 6], 3)
    with open(os.path.join(HERE, "words.csv"), "w") as f:
        f.write("length,width,depth,\"weight, g\",class\n")
        for row, l in zip(x, label):
            name = names[l]
            f.write(",".join("%g" % v for v in row) + "," + ('"' + name + '"' if "," in name else name) + "\n")
    table = "case\toptions\tkind\tvalues\n"
    for name, options in WORDS:
        svc = svc_of(options.split()).fit(x[:130], names[label[:130]])
        rows = [("iterations", svc.n_iter_), ("rows", svc.support_), ("intercepts", svc._intercept_),
                ("coef0", svc._dual_coef_[0]), ("coef1", svc._dual_coef_[1]), ("predictions", svc.predict(x[130:]))]
        for kind, values in rows:
            table += "\t".join([name, options, kind, "|".join(v if isinstance(v, str) else "%.17g" % v for v in values)]) + "\n"
    with open(os.path.join(HERE, "words.tsv"), "w") as f:
        f.write(table)


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
    make_words()
    for file, text in (("cases.tsv", cases), ("subproblems.tsv", subproblems)):
        with open(os.path.join(HERE, file), "w") as f:
            f.write(text)


main(sys.argv[1:])
