import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def get_args():
    p = argparse.ArgumentParser(description="compress an MLP for the digits by distillation")
    p.add_argument("--temperature", type=float, default=3.0)
    p.add_argument("--alpha", type=float, default=0.9)
    p.add_argument("--teacher-epochs", type=int, default=12)
    p.add_argument("--student-epochs", type=int, default=15)
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def mlp(width):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


def batches(n, size):
    return torch.randperm(n).split(size)


def soften(logits, temperature, log=False):
    scaled = logits / temperature
    return F.log_softmax(scaled, dim=1) if log else F.softmax(scaled, dim=1)


def distillation_loss(student_logits, teacher_logits, labels, temperature, alpha):
    soft = F.kl_div(
        soften(student_logits, temperature, log=True),
        soften(teacher_logits, temperature),
        reduction="batchmean",
    )
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


def fit_teacher(net, x, y, args):
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    net.train()
    for _ in range(args.teacher_epochs):
        for idx in batches(len(x), args.batch_size):
            opt.zero_grad()
            F.cross_entropy(net(x[idx]), y[idx]).backward()
            opt.step()


def fit_student(student, teacher, x, y, args):
    opt = torch.optim.Adam(student.parameters(), lr=2e-3)
    teacher.eval()
    student.train()
    for _ in range(args.student_epochs):
        for idx in batches(len(x), args.batch_size):
            with torch.no_grad():
                target = teacher(x[idx])
            opt.zero_grad()
            loss = distillation_loss(student(x[idx]), target, y[idx], args.temperature, args.alpha)
            loss.backward()
            opt.step()


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    X, Y = load_digits(return_X_y=True)
    xtr, xte, ytr, yte = train_test_split(X / 16.0, Y, test_size=0.25, random_state=args.seed, stratify=Y)
    xtr, xte = torch.tensor(xtr, dtype=torch.float32), torch.tensor(xte, dtype=torch.float32)
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)
    teacher, student = mlp(128), mlp(16)
    fit_teacher(teacher, xtr, ytr, args)
    fit_student(student, teacher, xtr, ytr, args)
    print(f"teacher {accuracy(teacher, xte, yte):.3f}  student {accuracy(student, xte, yte):.3f}")


if __name__ == "__main__":
    main()
