import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(42)
T, ALPHA = 3.0, 0.7

# ---------------------------------------------------------------- data
centers = torch.randn(5, 10) * 1.5
labels = torch.randint(0, 5, (900,))
feats = centers[labels] + torch.randn(900, 10)
x_tr, y_tr, x_te, y_te = feats[:700], labels[:700], feats[700:], labels[700:]


def train_teacher(epochs=10):
    net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 5))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    net.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x_tr)).split(50):
            opt.zero_grad()
            F.cross_entropy(net(x_tr[idx]), y_tr[idx]).backward()
            opt.step()
    return net.eval().requires_grad_(False)


def kd_loss(student_logits, teacher_logits, y):
    soft = F.kl_div(
        F.log_softmax(student_logits / T, dim=1),
        F.softmax(teacher_logits / T, dim=1),
        reduction="batchmean",
    )
    hard = F.cross_entropy(student_logits, y)
    return ALPHA * T * T * soft + (1 - ALPHA) * hard


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return (net(x_te).argmax(1) == y_te).float().mean().item()


teacher = train_teacher()
student = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 5))
optimizer = torch.optim.Adam(student.parameters(), lr=5e-3)

for epoch in range(10):
    student.train()
    for idx in torch.randperm(len(x_tr)).split(50):
        with torch.no_grad():
            t_logits = teacher(x_tr[idx])
        loss = kd_loss(student(x_tr[idx]), t_logits, y_tr[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")
print(f"teacher {accuracy(teacher):.3f} student {accuracy(student):.3f}")
