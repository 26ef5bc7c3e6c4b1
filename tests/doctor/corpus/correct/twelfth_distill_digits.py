"""Knowledge distillation from a wide to a narrow image classifier."""
import torch
import torch.nn as nn
import torch.nn.functional as F

T, ALPHA = 3.0, 0.7


def convnet(width):
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(width * 9, 6))


def make_images(n, prototypes):
    y = torch.randint(0, len(prototypes), (n,))
    return prototypes[y] + 0.9 * torch.randn(n, 1, 12, 12), y


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def distill_loss(student_logits, teacher_logits, y):
    soft = F.kl_div(F.log_softmax(student_logits / T, dim=1), F.log_softmax(teacher_logits / T, dim=1),
                    reduction="batchmean", log_target=True)
    return ALPHA * T * T * soft + (1 - ALPHA) * F.cross_entropy(student_logits, y)


def fit(model, x, y, epochs, teacher=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            logits = model(x[idx])
            if teacher is None:
                loss = F.cross_entropy(logits, y[idx])
            else:
                with torch.no_grad():
                    guide = teacher(x[idx])
                loss = distill_loss(logits, guide, y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    torch.manual_seed(9)
    prototypes = 0.6 * torch.randn(6, 1, 12, 12)
    x_train, y_train = make_images(500, prototypes)
    x_test, y_test = make_images(300, prototypes)
    teacher = convnet(20)
    fit(teacher, x_train, y_train, epochs=8)
    print(f"teacher {accuracy(teacher, x_test, y_test):.3f}")
    teacher.eval().requires_grad_(False)
    student = convnet(8)
    fit(student, x_train, y_train, epochs=8, teacher=teacher)
    print(f"student {accuracy(student, x_test, y_test):.3f}")
