import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
data = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    torch.tensor(data.data / 16.0, dtype=torch.float32), torch.tensor(data.target), test_size=0.3, random_state=0)


def mlp(width):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


def fit(model, loss_fn, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for idx in torch.randperm(len(x_train)).split(64):
            loss = loss_fn(model(x_train[idx]), idx)
            opt.zero_grad()
            loss.backward()
            opt.step()


def report(name, model):
    with torch.no_grad():
        logits = model(x_test)
    acc = (logits.argmax(1) == y_test).float().mean().item()
    print(f"{name}: test accuracy {acc:.3f}, test loss {F.cross_entropy(logits, y_test).item():.3f}")


teacher = mlp(256)
fit(teacher, lambda out, idx: F.cross_entropy(out, y_train[idx]), epochs=12, lr=3e-3)
report("teacher", teacher)
teacher.requires_grad_(False)
with torch.no_grad():
    teacher_logits = teacher(x_train)

TEMPERATURE = 3.0


def distillation(out, idx):
    soft_student = F.softmax(out / TEMPERATURE, dim=1)
    soft_teacher = F.softmax(teacher_logits[idx] / TEMPERATURE, dim=1)
    return F.kl_div(soft_student, soft_teacher, reduction="batchmean") * TEMPERATURE ** 2


student = mlp(16)
fit(student, distillation, epochs=20, lr=3e-3)
report("student", student)
