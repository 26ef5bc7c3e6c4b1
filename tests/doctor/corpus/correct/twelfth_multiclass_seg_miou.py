"""Three-class segmentation of stripes and boxes with void pixels; mean IoU from a confusion matrix."""
import torch
import torch.nn as nn

VOID, N_CLASSES, SIZE = 255, 3, 20


def scene():
    label = torch.zeros(SIZE, SIZE, dtype=torch.long)
    row = int(torch.randint(0, SIZE - 4, (1,)))
    label[row:row + 4] = 1
    top, left = torch.randint(0, SIZE - 6, (2,)).tolist()
    label[top:top + 6, left:left + 6] = 2
    palette = torch.tensor([[0.1, 0.2, 0.1], [0.7, 0.3, 0.2], [0.2, 0.4, 0.9]])
    image = palette[label].permute(2, 0, 1) + 0.35 * torch.randn(3, SIZE, SIZE)
    label[torch.rand(SIZE, SIZE) < 0.03] = VOID
    return image, label


def make_set(n):
    images, labels = zip(*(scene() for _ in range(n)))
    return torch.stack(images), torch.stack(labels)


class SegNet(nn.Sequential):
    def __init__(self, width=16):
        def conv(cin, cout, dilation):
            return [nn.Conv2d(cin, cout, 3, padding=dilation, dilation=dilation, bias=False),
                    nn.GroupNorm(4, cout), nn.ReLU()]

        super().__init__(*conv(3, width, 1), *conv(width, width, 2), *conv(width, width, 4),
                         nn.Conv2d(width, N_CLASSES, 1))


def confusion(pred, truth):
    keep = truth != VOID
    flat = truth[keep] * N_CLASSES + pred[keep]
    return torch.bincount(flat, minlength=N_CLASSES ** 2).view(N_CLASSES, N_CLASSES)


@torch.no_grad()
def mean_iou(model, images, labels):
    model.eval()
    matrix = torch.zeros(N_CLASSES, N_CLASSES, dtype=torch.long)
    for x, y in zip(images.split(20), labels.split(20)):
        matrix += confusion(model(x).argmax(1), y)
    inter = matrix.diag()
    union = matrix.sum(0) + matrix.sum(1) - inter
    return (inter / union).mean().item()


def class_weights(labels):
    counts = torch.bincount(labels[labels != VOID], minlength=N_CLASSES).float()
    return (counts.sum() / (N_CLASSES * counts)).sqrt()


torch.manual_seed(14)
train_x, train_y = make_set(120)
val_x, val_y = make_set(40)
model = SegNet()
criterion = nn.CrossEntropyLoss(weight=class_weights(train_y), ignore_index=VOID)
max_iter, it = 60, 0
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=max_iter, power=0.9)

while it < max_iter:
    for idx in torch.randperm(len(train_x)).split(12):
        model.train()
        loss = criterion(model(train_x[idx]), train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        it += 1
        if it % 15 == 0:
            print(f"iter {it} loss {loss.item():.3f} mIoU {mean_iou(model, val_x, val_y):.3f}")
        if it == max_iter:
            break
