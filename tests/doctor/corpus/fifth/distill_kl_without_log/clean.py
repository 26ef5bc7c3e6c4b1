import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)
T = 3.0
ALPHA = 0.9

centers = torch.randn(6, 10) * 1.5
labels = torch.randint(0, 6, (1500,))
feats = centers[labels] + torch.randn(1500, 10)
tr_x, tr_y = feats[:1200], labels[:1200]
te_x, te_y = feats[1200:], labels[1200:]


def net(width):
    return nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Linear(width, 6))


def distill_loss(student_logits, teacher_logits, y):
    hard = F.cross_entropy(student_logits, y)
    log_q = F.log_softmax(student_logits / T, dim=1)
    p = F.softmax(teacher_logits / T, dim=1)
    soft = F.kl_div(log_q, p, reduction="batchmean") * T * T
    return ALPHA * soft + (1 - ALPHA) * hard


def run(model, loss_of_batch, epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(tr_x)).split(50):
            optimizer.zero_grad()
            loss_of_batch(tr_x[idx], tr_y[idx]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return (model(te_x).argmax(1) == te_y).float().mean().item()


teacher = net(128)
print("teacher", run(teacher, lambda x, y: F.cross_entropy(teacher(x), y), epochs=6, lr=3e-3))
teacher.requires_grad_(False)

student = net(12)
print("student", run(student, lambda x, y: distill_loss(student(x), teacher(x), y), epochs=6, lr=3e-3))
with torch.no_grad():
    gap = F.softmax(student(te_x), 1) - F.softmax(teacher(te_x), 1)
    print("mean gap to the teacher", gap.abs().mean().item())
