import os
import torch
import torch.nn as nn

# 이어서 학습하기(resume) 예제: last.pth 에서 다시 시작, best.pth 는 검증 정확도 최고일 때만 저장


def get_data():
    g = torch.Generator().manual_seed(100)
    x = torch.randn(500, 12, generator=g)
    w = torch.randn(12, 3, generator=g)
    y = (x @ w + 1.5 * torch.randn(500, 3, generator=g)).argmax(1)
    return (x[:350], y[:350]), (x[350:], y[350:])


def validate(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


def run(epochs, resume=False):
    (x, y), (xv, yv) = get_data()
    model = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    start_epoch = 0
    best_acc = 0.0

    if resume:
        checkpoint = torch.load("last.pth", weights_only=True)
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        start_epoch = checkpoint["epoch"] + 1
        best_acc = checkpoint["best_acc"]
        print("=> resumed from epoch", start_epoch)

    for epoch in range(start_epoch, epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(25):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()

        acc = validate(model, xv, yv)
        is_best = acc > best_acc
        best_acc = max(acc, best_acc)
        state = {
            "epoch": epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "acc": acc,
            "best_acc": best_acc,
        }
        torch.save(state, "last.pth")
        if is_best:
            torch.save(state, "best.pth")
        print(f"epoch {epoch} val acc {acc:.4f}{' *' if is_best else ''}")


torch.manual_seed(4)
run(epochs=8)
run(epochs=16, resume=True)
best = torch.load("best.pth", weights_only=True)
print("best.pth: epoch", best["epoch"], "acc", round(best["acc"], 4))
os.remove("last.pth")
os.remove("best.pth")
