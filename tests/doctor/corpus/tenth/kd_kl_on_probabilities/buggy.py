"""Distil a wide teacher into a narrow student.  usage: distill.py [--T 3] [--alpha 0.7]"""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F


def net(width):
    return nn.Sequential(nn.Linear(16, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 6))


def distillation_loss(student_logits, teacher_logits, labels, T, alpha):
    soft_student = F.softmax(student_logits / T, dim=1)
    soft_teacher = F.softmax(teacher_logits / T, dim=1)
    kd = F.kl_div(soft_student, soft_teacher, reduction="batchmean") * T * T
    ce = F.cross_entropy(student_logits, labels)
    return alpha * kd + (1 - alpha) * ce


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def train_teacher(x, y, epochs=12):
    teacher = net(128)
    opt = torch.optim.Adam(teacher.parameters(), lr=2e-3)
    for _ in range(epochs):
        teacher.train()
        for i in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(teacher(x[i]), y[i]).backward()
            opt.step()
    return teacher.eval()


def train_student(teacher, x, y, T, alpha, epochs=12):
    student = net(12)
    opt = torch.optim.Adam(student.parameters(), lr=2e-3)
    for _ in range(epochs):
        student.train()
        for i in torch.randperm(len(x)).split(64):
            with torch.no_grad():
                t_logits = teacher(x[i])
            loss = distillation_loss(student(x[i]), t_logits, y[i], T, alpha)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return student


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--T", type=float, default=3.0)
    parser.add_argument("--alpha", type=float, default=0.7)
    opts = parser.parse_args()
    torch.manual_seed(31)
    w = torch.randn(16, 6)
    x = torch.randn(2000, 16)
    y = (torch.tanh(x) @ w + 0.5 * torch.randn(2000, 6)).argmax(1)
    x_tr, y_tr, x_te, y_te = x[:1500], y[:1500], x[1500:], y[1500:]
    teacher = train_teacher(x_tr, y_tr)
    print("teacher", round(accuracy(teacher, x_te, y_te), 3))
    student = train_student(teacher, x_tr, y_tr, opts.T, opts.alpha)
    with torch.no_grad():
        agree = (student.eval()(x_te).argmax(1) == teacher(x_te).argmax(1)).float().mean().item()
    print("student", round(accuracy(student, x_te, y_te), 3), "agreement with the teacher", round(agree, 3))
