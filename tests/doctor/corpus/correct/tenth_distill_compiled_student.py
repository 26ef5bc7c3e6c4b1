# Knowledge distillation: a wide teacher, a narrow (compiled) student.
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TEMPERATURE = 3.0
ALPHA = 0.7  # share of the soft loss
CLASSES = 6


def make_data(n, centres, gen):
    y = torch.randint(0, CLASSES, (n,), generator=gen)
    x = centres[y] + 1.1 * torch.randn(n, centres.size(1), generator=gen)
    return TensorDataset(x, y)


def build(width):
    return nn.Sequential(nn.Linear(12, width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(width, CLASSES))


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    right = 0
    for x, y in loader:
        right += (model(x).argmax(1) == y).sum().item()
    return right / len(loader.dataset)


def train_teacher(teacher, loader, epochs):
    opt = torch.optim.AdamW(teacher.parameters(), lr=3e-3, weight_decay=1e-2)
    for _ in range(epochs):
        teacher.train()
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(teacher(x), y).backward()
            opt.step()


def distill(student, teacher, loader, epochs):
    teacher.eval().requires_grad_(False)
    opt = torch.optim.AdamW(student.parameters(), lr=1e-2, weight_decay=1e-2)
    for epoch in range(epochs):
        student.train()
        total = 0.0
        for x, y in loader:
            with torch.no_grad():
                soft = F.log_softmax(teacher(x) / TEMPERATURE, dim=1)
            logits = student(x)
            kd = F.kl_div(
                F.log_softmax(logits / TEMPERATURE, dim=1), soft, reduction="batchmean", log_target=True
            ) * TEMPERATURE**2
            loss = ALPHA * kd + (1 - ALPHA) * F.cross_entropy(logits, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * x.size(0)
        if epoch % 3 == 2:
            print(f"epoch {epoch + 1} distillation loss {total / len(loader.dataset):.4f}")


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    centres = torch.randn(CLASSES, 12, generator=gen)
    train_loader = DataLoader(make_data(768, centres, gen), batch_size=64, shuffle=True)
    test_loader = DataLoader(make_data(512, centres, gen), batch_size=256)

    teacher = build(256)
    train_teacher(teacher, train_loader, epochs=6)
    student = torch.compile(build(24), backend="eager")
    distill(student, teacher, train_loader, epochs=12)
    print(f"teacher {accuracy(teacher, test_loader):.3f}  student {accuracy(student, test_loader):.3f}")


if __name__ == "__main__":
    main()
