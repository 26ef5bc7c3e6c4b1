import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def get_data():
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype("float32")
    parts = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    return [torch.from_numpy(p) for p in parts]


def net(width):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, 10))


def soften(student, teacher, temp):
    return {"student": F.softmax(student / temp, dim=1), "teacher": F.softmax(teacher / temp, dim=1)}


def hard_loss(student_logits, x, y):
    return F.cross_entropy(student_logits, y)


def distill_loss(teacher, temp=4.0, alpha=0.9):
    def loss(student_logits, x, y):
        with torch.no_grad():
            teacher_logits = teacher(x)
        soft = soften(student_logits, teacher_logits, temp)
        kd = F.kl_div(soft["student"], soft["teacher"], reduction="batchmean") * temp ** 2
        return alpha * kd + (1 - alpha) * F.cross_entropy(student_logits, y)
    return loss


def fit(model, x, y, loss_fn, epochs, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss_fn(model(x[idx]), x[idx], y[idx]).backward()
            optimizer.step()
    return model.eval()


@torch.no_grad()
def accuracy(model, x, y):
    return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(0)
x_train, x_test, y_train, y_test = get_data()
teacher = fit(net(256), x_train, y_train, hard_loss, epochs=15, lr=2e-3)
for p in teacher.parameters():
    p.requires_grad_(False)
print(f"teacher {accuracy(teacher, x_test, y_test):.3f}")

student = fit(net(12), x_train, y_train, distill_loss(teacher), epochs=15, lr=3e-3)
print(f"student {accuracy(student, x_test, y_test):.3f}")
