import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CONFIG = {
    "seed": 10,
    "epochs": 10,
    "batch_size": 64,
    "optimizer": {"lr": 0.05, "momentum": 0.9},
    "scheduler": ("plateau", {"mode": "max", "factor": 0.3, "patience": 1}),
}

SCHEDULERS = {"plateau": ReduceLROnPlateau, "step": StepLR}


def get_data(seed):
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images / 16.0, dtype=torch.float32)
    labels = torch.tensor(labels)
    rest, test = train_test_split(range(len(labels)), test_size=360, stratify=labels, random_state=seed)
    train, val = train_test_split(rest, test_size=300, stratify=labels[rest], random_state=seed)
    return [(images[i], labels[i]) for i in (train, val, test)]


def make_model():
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 12, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12 * 16, 10),
    )


def make_scheduler(optimizer):
    name, options = CONFIG["scheduler"]
    return SCHEDULERS[name](optimizer, **options)


def accuracy(model, data):
    x, y = data
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()


def main():
    torch.manual_seed(CONFIG["seed"])
    train, val, test = get_data(CONFIG["seed"])
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), **CONFIG["optimizer"])
    scheduler = make_scheduler(optimizer)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(CONFIG["epochs"]):
        model.train()
        for idx in torch.randperm(len(train[0])).split(CONFIG["batch_size"]):
            optimizer.zero_grad()
            criterion(model(train[0][idx]), train[1][idx]).backward()
            optimizer.step()
        val_acc = accuracy(model, val)
        scheduler.step(val_acc)
        print(epoch, "val %.3f" % val_acc, "lr %g" % optimizer.param_groups[0]["lr"])
    print("test %.3f" % accuracy(model, test))


if __name__ == "__main__":
    main()
