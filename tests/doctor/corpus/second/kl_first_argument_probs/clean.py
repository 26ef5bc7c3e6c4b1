import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

T = 3.0
torch.manual_seed(2)
bunch = load_digits()
X = torch.tensor(bunch.data).float() / 16
Y = torch.tensor(bunch.target)
p = torch.randperm(len(X))
X, Y = X[p], Y[p]
Xtr, Ytr, Xte, Yte = X[:1200], Y[:1200], X[1200:], Y[1200:]


def acc(net):
    net.eval()
    with torch.no_grad():
        return (net(Xte).argmax(1) == Yte).float().mean().item()


def soft_targets(net, x):
    with torch.no_grad():
        return F.softmax(net(x) / T, dim=1)


def distill_loss(student_logits, target):
    q = F.log_softmax(student_logits / T, dim=1)
    return F.kl_div(q, target, reduction="batchmean") * T * T


teacher = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.3), nn.Linear(96, 10))
opt = torch.optim.Adam(teacher.parameters(), lr=3e-3)
for ep in range(15):
    teacher.train()
    for i in torch.randperm(1200).split(60):
        opt.zero_grad()
        F.cross_entropy(teacher(Xtr[i]), Ytr[i]).backward()
        opt.step()
print("teacher", acc(teacher))
teacher.eval().requires_grad_(False)

student = nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))
opt = torch.optim.Adam(student.parameters(), lr=3e-3)
for ep in range(25):
    student.train()
    for i in torch.randperm(1200).split(60):
        opt.zero_grad()
        distill_loss(student(Xtr[i]), soft_targets(teacher, Xtr[i])).backward()
        opt.step()
print("student", acc(student))
